/** A URL of HTTP: its host with the port, and what follows it, empty or from the slash. */
export interface Url {
  readonly authority: string;
  readonly path: string;
}

/** Undefined for what does not begin with scheme and host: Http::Utility::Url. */
export function readUrl(text: string): Url | undefined {
  const [, authority, path = ''] = /^https?:\/\/([^/?#]+)(.*)$/is.exec(text) ?? [];
  return authority === undefined ? undefined : { authority, path };
}

/** The host of an authority, without its port and the brackets of IPv6. */
export const hostOfAuthority = (authority: string): string =>
  /^\[([^\]]*)\]/.exec(authority)?.[1] ?? authority.replace(/:\d*$/, '');

/** Host and path of a `core.v3.HttpUri`, which may do without its scheme: Http::Utility::extractHostPathFromUri. */
export function hostAndPath(uri: string): { readonly host: string; readonly path: string } {
  const [, host = '', path = ''] = /^(?:\w+:\/\/)?([^/]*)(.*)$/.exec(uri) ?? [];
  return { host, path: path || '/' };
}
