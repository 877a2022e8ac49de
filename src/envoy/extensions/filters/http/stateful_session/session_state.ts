import { durationMs } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { base64Of, bytesOfBase64 } from '../../../../matching/base64.ts';
import { cookieValue, setCookieValue } from '../../../../http/cookies.ts';

/** Where a client keeps the host of its session. */
export interface SessionState {
  /** A cookie has no say on paths other than its own. */
  readonly appliesTo: (request: HeaderMap) => boolean;
  hostOf(request: HeaderMap): string | undefined;
  /** Tells the client its host, where it is another than it asked for. */
  tell(headers: HeaderMap, host: string, asked: string | undefined, request: HeaderMap): void;
}

export function compileSessionState(node: ConfigNode | undefined): SessionState | undefined {
  const config = node?.child('typed_config');
  const type = config?.text('@type') ?? '';
  if (!config) return undefined;
  if (type.endsWith('.CookieBasedSessionState')) return cookieState(config.child('cookie'));
  return type.endsWith('.HeaderBasedSessionState') ? headerState(config.text('name')) : undefined;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A `Cookie` message holds the address in its first field; an address as plain text is taken too: cookie.h, parseAddress. */
function addressIn(base64: string): string {
  const bytes = bytesOfBase64(base64);
  // What is no base64 asks for a host without an address, which no cluster has.
  if (!bytes) return '';
  const isMessage = bytes[0] === ADDRESS_TAG && bytes[1]! <= bytes.length - 2;
  return new TextDecoder().decode(isMessage ? bytes.subarray(2, 2 + bytes[1]!) : bytes);
}

const ADDRESS_TAG = 0x0a;

function cookieState(cookie: ConfigNode | undefined): SessionState {
  const name = cookie?.text('name') ?? '';
  const path = cookie?.text('path') ?? '';
  const seconds = Math.floor((durationMs(cookie?.text('ttl')) ?? 0) / 1000);
  const isOnPath = (request: HeaderMap): boolean => (request.get(':path') ?? '').startsWith(path);
  return {
    appliesTo: isOnPath,
    hostOf: (request) => {
      const value = cookieValue(request, name);
      return value === undefined || !isOnPath(request) ? undefined : addressIn(value);
    },
    tell: (headers, host, asked, request) => {
      if (host === asked || !isOnPath(request)) return;
      const address = bytesOf(host);
      const value = base64Of(Uint8Array.from([ADDRESS_TAG, address.length, ...address]));
      headers.add('set-cookie', setCookieValue({ name, value, path, maxAgeS: seconds }));
    },
  };
}

function headerState(name = ''): SessionState {
  const lower = name.toLowerCase();
  return {
    appliesTo: () => true,
    hostOf: (request) => {
      const value = request.get(lower);
      const bytes = value === undefined ? undefined : bytesOfBase64(value);
      return bytes && new TextDecoder().decode(bytes);
    },
    tell: (headers, host, asked) => {
      if (host !== asked) headers.set(lower, base64Of(bytesOf(host)));
    },
  };
}
