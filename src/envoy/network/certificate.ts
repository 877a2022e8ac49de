/** A certificate as facts: who it is for, who signed it, and how long it holds. No cryptography. */
export interface Certificate {
  /** The name of its file: `certs/NAME.pem`. */
  readonly name: string;
  readonly cn: string;
  /** As OpenSSL writes them: `DNS:shop.example`, `URI:spiffe://…`. */
  readonly sans: readonly string[];
  /** The name of the certificate that signed it; its own where it signed itself. */
  readonly ca: string;
  /** The common name of who signed it. */
  readonly issuer: string;
  readonly isCa: boolean;
  /** Days that are left; below zero it has run out. */
  readonly days: number;
}

/** All the certificates there are, by the names of their files. */
export type Certificates = ReadonlyMap<string, Certificate>;

/** The name inside `certs/NAME.pem`, in whatever folder. */
export const certificateName = (path: string): string => /([^/]+)\.\w+$/.exec(path)?.[1] ?? path;

/** As OpenSSL spells the kinds of names. */
const PREFIXES = { DNS: 'DNS:', URI: 'URI:', IP: 'IP:', EMAIL: 'email:', OTHERNAME: 'othername:' } as const;

/** Its subject alternative names of one kind, without the word for the kind. */
export function sansOf({ sans }: Certificate, kind: keyof typeof PREFIXES): string[] {
  const prefix = PREFIXES[kind];
  return sans.flatMap((san) => (san.startsWith(prefix) ? [san.slice(prefix.length)] : []));
}
