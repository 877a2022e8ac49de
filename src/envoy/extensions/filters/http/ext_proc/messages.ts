import type { Json, JsonObject } from '#api';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { base64Of } from '../../../../matching/base64.ts';
import type { ExtProcConfig, ProcessingMode } from './config.ts';
import type { Direction, Side } from './sides.ts';

type Shows = (name: string) => boolean;

/** Each protocol has its own order. */
const PSEUDO = {
  http1: [':authority', ':path', ':method', ':scheme'],
  http2: [':method', ':path', ':scheme', ':authority'],
} as const;
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0) & 255);

/** Headers as the processor gets them: pseudo headers first, values as bytes. */
function headerList(headers: HeaderMap, first: readonly (readonly [string, string])[], shows: Shows): JsonObject {
  const rest = headers.pairs().filter(([name]) => !name.startsWith(':'));
  const all = [...first, ...rest].filter(([name]) => shows(name));
  const list: Json = all.map(([key, value]) => ({ key, rawValue: base64Of(bytesOf(value)) }));
  return list.length === 0 ? {} : { headers: list };
}

export function headersMessage(side: Side, protocol: 'http1' | 'http2', isEnd: boolean, shows: Shows): JsonObject {
  const { headers, response, direction } = side;
  const pseudo = PSEUDO[protocol].flatMap((name) => headers.all(name).map((value) => [name, value] as const));
  const first = response ? [[':status', String(response.status)] as const] : pseudo;
  const message = { headers: headerList(headers, first, shows), ...(isEnd ? { endOfStream: true } : {}) };
  return { [`${direction}Headers`]: message };
}

export const bodyMessage = (direction: Direction, body: string, isEnd: boolean): JsonObject => ({
  [`${direction}Body`]: {
    ...(body === '' ? {} : { body: base64Of(bytesOf(body)) }),
    ...(isEnd ? { endOfStream: true } : {}),
  },
});

export const trailersMessage = (direction: Direction, trailers: HeaderMap, shows: Shows): JsonObject => ({
  [`${direction}Trailers`]: { trailers: headerList(trailers, [], shows) },
});

/** What the first message of a stream says of the bodies that may follow. */
export const protocolConfig = (
  { requestBody, responseBody }: ProcessingMode,
  { bodyDoesNotWait }: Pick<ExtProcConfig, 'bodyDoesNotWait'>,
): JsonObject => ({
  ...(requestBody === 'NONE' ? {} : { requestBodyMode: requestBody }),
  ...(responseBody === 'NONE' ? {} : { responseBodyMode: responseBody }),
  ...(bodyDoesNotWait ? { sendBodyWithoutWaitingForHeaderResponse: true } : {}),
});
