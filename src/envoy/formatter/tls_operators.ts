import { SIMULATION_EPOCH_MS, seededRandom } from '#sim';
import { sansOf, type Certificate } from '../network/certificate.ts';
import type { EstablishedTls } from '../seams.ts';
import { cipherOf } from '../stats/ssl_stats.ts';
import { randomHex } from '../tracing/random_hex.ts';
import { wallTime } from './wall_time.ts';
import type { FormatterContext, Operator, Value } from './formatter_context.ts';

type Side = (context: FormatterContext) => EstablishedTls | undefined;

/** Digits of what is made up for a certificate: there is no key behind it that could be hashed. */
const DIGITS = { SERIAL: 40, FINGERPRINT_1: 40, FINGERPRINT_256: 64 } as const;
const DAY_MS = 86_400_000;

const madeUp = ({ name }: Certificate, kind: keyof typeof DIGITS): string =>
  randomHex(seededRandom(`certificate/${name}/${kind}`), DIGITS[kind]);

const SAN_KINDS = ['URI', 'DNS', 'IP', 'EMAIL', 'OTHERNAME'] as const;

const subject = (certificate: Certificate): Value => `CN=${certificate.cn}`;

/** Operators of one end's certificate, as the proxy sees it: PEER is whoever speaks to it, LOCAL the proxy itself. */
function certificateOperators(prefix: string, side: Side): [string, Operator][] {
  const of =
    (end: 'peer' | 'local', pick: (certificate: Certificate) => Value): Operator =>
    (context) => {
      const certificate = side(context)?.[end];
      return certificate && pick(certificate);
    };
  const peer =
    (pick: (certificate: Certificate, format: string) => Value): Operator =>
    (context, format) => {
      const certificate = side(context)?.peer;
      return certificate && pick(certificate, format);
    };
  const ofPeer: [string, Operator][] = [
    [`${prefix}_PEER_SERIAL`, peer((certificate) => madeUp(certificate, 'SERIAL'))],
    [`${prefix}_PEER_CHAIN_SERIALS`, peer((certificate) => madeUp(certificate, 'SERIAL'))],
    [`${prefix}_PEER_FINGERPRINT_1`, peer((certificate) => madeUp(certificate, 'FINGERPRINT_1'))],
    [`${prefix}_PEER_CHAIN_FINGERPRINTS_1`, peer((certificate) => madeUp(certificate, 'FINGERPRINT_1'))],
    [`${prefix}_PEER_FINGERPRINT_256`, peer((certificate) => madeUp(certificate, 'FINGERPRINT_256'))],
    [`${prefix}_PEER_CHAIN_FINGERPRINTS_256`, peer((certificate) => madeUp(certificate, 'FINGERPRINT_256'))],
    [`${prefix}_PEER_CERT_V_START`, peer((_, format) => wallTime(SIMULATION_EPOCH_MS, format))],
    [`${prefix}_PEER_CERT_V_END`, peer(({ days }, format) => wallTime(SIMULATION_EPOCH_MS + days * DAY_MS, format))],
  ];
  const ofBoth = (['peer', 'local'] as const).flatMap((end): [string, Operator][] => {
    const name = `${prefix}_${end.toUpperCase()}`;
    return [
      [`${name}_SUBJECT`, of(end, subject)],
      ...SAN_KINDS.map((kind): [string, Operator] => [
        `${name}_${kind}_SAN`,
        of(end, (certificate) => sansOf(certificate, kind).join(',') || undefined),
      ]),
    ];
  });
  return [...ofPeer, ...ofBoth];
}

const downstream: Side = ({ tls }) => tls;
const upstream: Side = ({ facts }) => facts.upstreamTls;

/** Operators of TLS: formatter/stream_info_formatter.cc. What stands for a key or a hash is not known here. */
export const TLS_OPERATORS: Readonly<Record<string, Operator>> = {
  ...Object.fromEntries([
    ...certificateOperators('DOWNSTREAM', downstream),
    ...certificateOperators('UPSTREAM', upstream),
  ]),
  DOWNSTREAM_TLS_VERSION: ({ tls }) => tls?.version,
  DOWNSTREAM_TLS_CIPHER: ({ tls }) => cipherOf(tls?.version),
  UPSTREAM_TLS_CIPHER: ({ facts }) => cipherOf(facts.upstreamTls?.version),
  DOWNSTREAM_PEER_ISSUER: ({ tls }) => tls?.peer && `CN=${tls.peer.issuer}`,
  UPSTREAM_TLS_VERSION: ({ facts }) => facts.upstreamTls?.version,
  UPSTREAM_PEER_ISSUER: ({ facts }) => facts.upstreamTls?.peer && `CN=${facts.upstreamTls.peer.issuer}`,
};
