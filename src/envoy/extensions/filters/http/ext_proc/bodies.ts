import type { ConfigNode } from '../../../../config_node.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { bytesOfBase64 } from '../../../../matching/base64.ts';
import type { HttpResponse } from '../../../../seams.ts';

export function bytesText(base64: string | undefined): string | undefined {
  const bytes = base64 === undefined ? undefined : bytesOfBase64(base64);
  return bytes && Array.from(bytes, (one) => String.fromCharCode(one)).join('');
}

/** The body that takes the place of the old one; undefined where it stays. */
export function mutatedBody(common: ConfigNode | undefined): string | undefined {
  const mutation = common?.child('body_mutation');
  return mutation?.flag('clear_body') === true ? '' : bytesText(mutation?.text('body'));
}

/** A new body has to be as long as the headers have said: mutation_utils.cc, handleBodyMutations. */
export function breaksLength(common: ConfigNode | undefined, headers: HeaderMap): boolean {
  const body = mutatedBody(common);
  const length = headers.get('content-length');
  return body !== undefined && length !== undefined && Number(length) !== body.length;
}

/** A body that the headers said nothing of is sent in chunks, even where it is empty. */
export function withBody(response: HttpResponse, body: string): HttpResponse {
  if (body === '' && !response.headers.has('content-length')) response.headers.set('transfer-encoding', 'chunked');
  return { ...response, body };
}

/** A piece of the body in the mode in which both sides stream. */
export function streamedBody(
  common: ConfigNode | undefined,
): { readonly body: string; readonly isEnd: boolean } | undefined {
  const streamed = common?.child('body_mutation')?.child('streamed_response');
  return streamed && { body: bytesText(streamed.text('body')) ?? '', isEnd: streamed.flag('end_of_stream') };
}
