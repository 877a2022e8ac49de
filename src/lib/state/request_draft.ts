import type { RequestSpec } from '#world';

/** A request as it is being written: text fields, before anybody judged them. */
export interface RequestDraft {
  method: string;
  authority: string;
  path: string;
  /** One `name: value` a line. */
  headers: string;
  body: string;
  protocol: 'http1' | 'http2';
  isTls: boolean;
  sni: string;
}

export const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'] as const;

export const EMPTY_DRAFT: RequestDraft = {
  method: 'GET',
  authority: 'example.com',
  path: '/',
  headers: '',
  body: '',
  protocol: 'http1',
  isTls: false,
  sni: '',
};

/** The request that the draft stands for, sent to `to`. */
export function requestOf(draft: RequestDraft, to: string): RequestSpec {
  const headers = headersOf(draft.headers);
  return {
    to,
    method: draft.method.trim() === '' ? 'GET' : draft.method.trim().toUpperCase(),
    authority: draft.authority.trim(),
    path: draft.path.trim() === '' ? '/' : draft.path.trim(),
    ...(headers.length > 0 ? { headers } : {}),
    ...(draft.body === '' ? {} : { body: draft.body }),
    ...(draft.protocol === 'http2' ? { protocol: 'http2' as const } : {}),
    ...(draft.isTls ? { tls: draft.sni.trim() === '' ? {} : { sni: draft.sni.trim() } } : {}),
  };
}

export function draftOf(request: RequestSpec): RequestDraft {
  return {
    method: request.method ?? 'GET',
    authority: request.authority ?? '',
    path: request.path ?? '/',
    headers: (request.headers ?? []).map((pair) => pair.join(': ')).join('\n'),
    body: request.body ?? '',
    protocol: request.protocol ?? 'http1',
    isTls: request.tls !== undefined,
    sni: request.tls?.sni ?? '',
  };
}

export function headersOf(text: string): [string, string][] {
  return text
    .split('\n')
    .filter((line) => line.indexOf(':') > 0)
    .map((line) => [line.slice(0, line.indexOf(':')).trim(), line.slice(line.indexOf(':') + 1).trim()]);
}

/** `GET http://shop.example/cart`: a request in one line, as links in the prose write it. */
export function draftFromLine(line: string): RequestDraft | undefined {
  const found = /^([A-Z]+)\s+(https?):\/\/([^/\s]+)(\/\S*)?$/.exec(line.trim());
  if (!found) return undefined;
  const [, method, scheme, authority, path] = found;
  const isTls = scheme === 'https';
  return {
    ...EMPTY_DRAFT,
    method: method!,
    authority: authority!,
    path: path ?? '/',
    isTls,
    sni: isTls ? authority!.replace(/:\d+$/, '') : '',
  };
}
