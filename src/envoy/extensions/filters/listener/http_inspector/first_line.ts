import type { Payload } from '../../../../network/payload.ts';

export type HttpVersion = 'http/1.0' | 'http/1.1' | 'h2c';

const HTTP2_PREFACE = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const WAITS = 'incomplete';

/**
 * What speaks with these first bytes: nothing of HTTP (undefined), or not enough is there to tell. As generous as the
 * parser of QUICHE, which takes any blanks between the words, any method, and no version for HTTP/1.0: balsa_parser.cc.
 */
export function readFirstLine(first: Payload): HttpVersion | undefined | typeof WAITS {
  if (first.kind === 'request') return first.protocol === 'http2' ? 'h2c' : 'http/1.1';
  if (first.kind !== 'bytes') return undefined;
  const { text } = first;
  if (HTTP2_PREFACE.startsWith(text)) return text === HTTP2_PREFACE ? 'h2c' : WAITS;
  if (text.startsWith(HTTP2_PREFACE)) return 'h2c';
  const end = text.indexOf('\n');
  if (/^[\r\n]/.test(text)) return undefined;
  return end < 0 ? WAITS : versionOf(text.slice(0, end));
}

const LINE = /^([!#$%&'*+.^_`|~\dA-Za-z-]+)[\0- ]+([!-~]+)(?:[\0- ]+([^\0- ].*?))?[\0- ]*$/;

function versionOf(line: string): HttpVersion | undefined {
  const [, method, target = '', version] = LINE.exec(line) ?? [];
  const isTarget = method === 'CONNECT' || /^[/*]|^[a-z][a-z\d+.-]*:\/\//i.test(target);
  if (method === undefined || !isTarget || !/^HTTP\/\d\.\d$/.test(version ?? 'HTTP/0.9')) return undefined;
  return version === 'HTTP/1.1' ? 'http/1.1' : 'http/1.0';
}
