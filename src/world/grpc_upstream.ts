import type { Json, JsonObject } from '#api';
import { bytesOfBase64, frameOf, HeaderMap, messagesOf, type HttpResponse, type UpstreamRequest } from '#envoy';
import type { Dispatcher } from '#sim';
import type { ReplySpec, SeenRequest, UpstreamSpec } from './scenario.ts';

const NO_METHOD = 12;
/** What a recording leaves out of the messages that Envoy sent: FORMAT, "A `grpc` upstream". */
const DROPPED =
  /^(startTime|time|id|streamId|timeTo\w+|duration|downstreamWire\w+|upstreamWire\w+|requestHeadersBytes|responseHeadersBytes|upstreamLocalAddress|downstreamDirectRemoteAddress|observabilityMode|customTags|connectionId|upstreamConnectionId|requestId|accessLogType)$/;
const HEADER_FIELDS: ReadonlySet<string> = new Set(['headers', 'requestHeaders', 'responseHeaders']);
const VOLATILE: ReadonlySet<string> = new Set(['x-request-id', 'x-envoy-upstream-service-time', 'date']);

/** Services of Envoy's own API speak protobuf, noted as JSON; any other is known by its bytes alone. */
const isOfEnvoy = (path: string): boolean => path.startsWith('/envoy.service.');

/** What a `grpc` upstream notes of a request; the messages of a stream are added as they come. */
export function seenByGrpc(spec: UpstreamSpec, { headers, body }: UpstreamRequest): SeenRequest & { grpc: Json[] } {
  const path = headers.get(':path') ?? '';
  const messages = messagesOf(body);
  return {
    upstream: spec.name,
    method: headers.get(':method') ?? '',
    path,
    ...(isOfEnvoy(path) ? {} : { headers: headers.pairs().filter(([name]) => !name.startsWith(':')) }),
    grpc: isOfEnvoy(path) ? messages.map((one) => steady(JSON.parse(one) as Json)) : messages,
  };
}

/** The answer to a request that came whole. */
export function grpcResponse(spec: UpstreamSpec, reply: ReplySpec, { headers }: UpstreamRequest): HttpResponse {
  const isKnown = isOfEnvoy(headers.get(':path') ?? '');
  const status = reply.grpc_status ?? 0;
  const end: [string, string][] = [
    ['grpc-status', String(status)],
    ...(reply.grpc_message === undefined ? [] : [['grpc-message', reply.grpc_message] as [string, string]]),
    ...(reply.trailers ?? []).map(([name, value]) => [name, value] as [string, string]),
  ];
  const start: [string, string][] = [['content-type', 'application/grpc']];
  if (reply.trailers_only === true) return { status: 200, headers: new HeaderMap([...start, ...end]), body: '' };
  const given = reply.messages ?? (reply.message !== undefined ? [reply.message] : reply.text);
  const all = given ?? (status === 0 ? [isKnown ? {} : spec.name] : []);
  const response = new HeaderMap(start);
  for (const [name, value] of reply.headers ?? []) response.set(name.toLowerCase(), value);
  const texts = Array.isArray(all) ? all : [all];
  return {
    status: 200,
    headers: response,
    body: texts.map((one) => frameOf(isKnown ? JSON.stringify(one) : String(one))).join(''),
    trailers: new HeaderMap(end),
  };
}

const ended = (status: number, text?: string): HttpResponse => ({
  status: 200,
  headers: new HeaderMap([['content-type', 'application/grpc']]),
  body: '',
  trailers: new HeaderMap([
    ['grpc-status', String(status)],
    ...(text === undefined ? [] : [['grpc-message', text] as [string, string]]),
  ]),
});

/** One stream on which both sides speak: `on` gives the answer to each kind of message. */
export function serveDuplex(
  reply: ReplySpec,
  seen: { readonly grpc: Json[] },
  request: UpstreamRequest,
  world: { readonly dispatcher: Dispatcher; readonly roundTripMs: number },
  onEnd: (response: HttpResponse) => void,
): void {
  const { on } = reply;
  let isOver = false;
  const later = (run: () => void): void => {
    world.dispatcher.createTimer('grpc_message', world.roundTripMs + (reply.delay_ms ?? 0), () => {
      if (!isOver) run();
    });
  };
  const finish = (response: HttpResponse): void => {
    isOver = true;
    onEnd(response);
  };
  request.duplex!.onOpen({
    send: (message) => {
      if (isOver) return;
      seen.grpc.push(steady(message));
      const kind = Object.keys(on ?? {}).find((one) => camelCase(one) in message);
      const answer = kind === undefined ? undefined : on![kind];
      if (!answer) return;
      const status = answer['grpc_status'];
      if (typeof status === 'number') later(() => finish(ended(status, answer['grpc_message'] as string | undefined)));
      else later(() => request.duplex!.onMessage(answer));
    },
    reset: () => void (isOver = true),
  });
  if (!on && reply.never !== true) later(() => finish(ended(reply.grpc_status ?? NO_METHOD, reply.grpc_message)));
}

const camelCase = (name: string): string => name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase());

/** The text of base64 bytes, a character each. */
const latin1 = (base64: string): string => String.fromCharCode(...(bytesOfBase64(base64) ?? []));

const isObject = (value: Json): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A message without times, ids and ports of clients; the bytes of a header become its text. */
function steady(value: Json, key = '', parent = ''): Json {
  if (Array.isArray(value)) return value.map((one) => steady(one, key, parent));
  if (!isObject(value)) return value;
  const { key: name, rawValue } = value;
  if (typeof name === 'string' && typeof rawValue === 'string')
    return { key: name, value: VOLATILE.has(name) ? '<volatile>' : latin1(rawValue) };
  const out: JsonObject = {};
  for (const [field, one] of Object.entries(value)) {
    if (DROPPED.test(field) && !HEADER_FIELDS.has(key)) continue;
    if (field === 'portValue' && /source|downstreamRemoteAddress/.test(parent)) out[field] = '<port>';
    else if (VOLATILE.has(field)) out[field] = '<volatile>';
    else out[field] = steady(one, field, isSide(field) ? field : parent);
  }
  return out;
}

const isSide = (field: string): boolean => /^(source|destination|downstream\w*Address|upstream\w*Address)$/.test(field);
