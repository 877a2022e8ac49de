import { SIMULATION_EPOCH_MS } from '#sim';
import type { FactoryContext, FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { LuaFault, type LuaMethod, type LuaObject, type LuaValue } from '../../../../lua/lua_runtime.ts';
import { base64Of } from '../../../../matching/base64.ts';
import { bufferObject, headerObject } from './header_object.ts';
import { headersOfTable, sendCall } from './http_call.ts';
import { metadataObject, streamInfoObject } from './stream_info_object.ts';

/** The message that a script looks at, on its way in or out. */
export interface Message {
  readonly headers: HeaderMap;
  readonly status?: () => string;
  readonly trailers: HeaderMap | undefined;
  readonly readBody: () => string;
  readonly writeBody: (body: string) => void;
  readonly headersChanged: () => void;
}

/** What the handle asks of the run that it belongs to. */
export interface HandleOwner {
  readonly callbacks: FilterCallbacks;
  readonly clients: Pick<FactoryContext, 'httpClient'>;
  readonly filterContext: LuaValue;
  readonly canRespond: boolean;
  onResponded(): void;
  resume(results: readonly LuaValue[]): void;
  setCancel(cancel: () => void): void;
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0) & 255);
const epochMs = ({ dispatcher }: FilterCallbacks): number => SIMULATION_EPOCH_MS + Math.floor(dispatcher.nowMs);
const NOTHING: LuaMethod = () => [];

/** Makes a method of one handle. */
type Make = (message: Message, owner: HandleOwner) => LuaMethod;

const METHODS: ReadonlyMap<string, Make> = new Map<string, Make>([
  ...['logTrace', 'logDebug', 'logInfo', 'logWarn', 'logErr', 'logCritical'].map(
    (name) => [name, () => NOTHING] as const,
  ),
  ['body', (message) => (wraps) => [message.readBody() === '' && wraps !== true ? null : bufferOf(message)]],
  ['bodyChunks', (message) => () => [chunksOf(message)]],
  [
    'headers',
    ({ headers, headersChanged, status }) =>
      () => [headerObject(headers, headersChanged, status)],
  ],
  [
    'trailers',
    ({ trailers }) =>
      () => [trailers ? headerObject(trailers, () => undefined) : null],
  ],
  [
    'metadata',
    (_, { callbacks }) =>
      () => [metadataObject(filterMetadata(callbacks.route?.node))],
  ],
  [
    'streamInfo',
    (_, { callbacks }) =>
      () => [streamInfoObject(callbacks)],
  ],
  [
    'connectionStreamInfo',
    (_, { callbacks }) =>
      () => [streamInfoObject(callbacks)],
  ],
  [
    'connection',
    (_, { callbacks }) =>
      () => [connectionObject(callbacks)],
  ],
  [
    'httpCall',
    (_, owner) =>
      (...args) =>
        callOut(owner, args),
  ],
  ['respond', (_, owner) => (headers, body) => respond(owner, headers, body)],
  ['base64Escape', () => (text) => [base64Of(bytesOf(String(text)))]],
  [
    'timestamp',
    (_, { callbacks }) =>
      () => [epochMs(callbacks)],
  ],
  [
    'timestampString',
    (_, { callbacks }) =>
      () => [String(epochMs(callbacks))],
  ],
  [
    'clearRouteCache',
    (_, { callbacks }) =>
      () =>
        after(() => callbacks.clearRouteCache()),
  ],
  [
    'setUpstreamOverrideHost',
    (_, { callbacks }) =>
      (host, strict) =>
        after(() => callbacks.setUpstreamOverrideHost(String(host), strict === true)),
  ],
  [
    'filterContext',
    (_, { filterContext }) =>
      () => [filterContext],
  ],
  [
    'route',
    (_, { callbacks }) =>
      () => [metadataHolder(callbacks.route?.node)],
  ],
  [
    'virtualHost',
    (_, { callbacks }) =>
      () => [metadataHolder(callbacks.virtualHost?.node)],
  ],
]);

/** The object that `envoy_on_request` and `envoy_on_response` get: lua_filter.h, StreamHandleWrapper. */
export const streamHandle = (message: Message, owner: HandleOwner): LuaObject => ({
  method: (name) => METHODS.get(name)?.(message, owner),
});

function after(run: () => void): [] {
  run();
  return [];
}

const connectionObject = ({ connection }: FilterCallbacks): LuaObject => ({
  methods: { ssl: () => [connection.tls ? { methods: {} } : null] },
});

const metadataHolder = (node: FilterNode): LuaObject => ({
  methods: { metadata: () => [metadataObject(filterMetadata(node))] },
});

function callOut(owner: HandleOwner, args: readonly LuaValue[]): [] | 'yield' {
  const call = sendCall(owner.clients.httpClient, args, (results) => owner.resume(results));
  if (call.isAsynchronous) return [];
  owner.setCancel(call.cancel);
  return 'yield';
}

const FILTER = 'envoy.filters.http.lua';

/** `filter_metadata` under the filter's own name. */
const filterMetadata = (node: FilterNode): Parameters<typeof metadataObject>[0] =>
  node?.child('metadata')?.child('filter_metadata')?.child(FILTER)?.value ?? {};
type FilterNode = NonNullable<FilterCallbacks['route']>['node'] | undefined;

const bufferOf = (message: Message): LuaObject => bufferObject(message.readBody, message.writeBody);

/** The whole body is one chunk. */
function chunksOf(message: Message): () => LuaValue {
  let isFirst = true;
  return () => {
    const chunk = isFirst && message.readBody() !== '' ? bufferOf(message) : null;
    isFirst = false;
    return chunk;
  };
}

/** Answers in place of the upstream: lua_filter.cc, luaRespond. */
function respond(owner: HandleOwner, table: LuaValue, body: LuaValue): 'yield' {
  if (!owner.canRespond) throw new LuaFault('respond not currently supported in the response path');
  const headers = headersOfTable(table);
  const status = Number(headers.get(':status'));
  if (!(status >= 200 && status < 600)) throw new LuaFault(':status must be between 200-599');
  owner.onResponded();
  owner.callbacks.sendLocalReply({
    status,
    body: String(body ?? ''),
    details: 'lua_response',
    headers: headers.pairs().filter(([name]) => !name.startsWith(':')),
  });
  // The script does not go on behind its answer.
  return 'yield';
}
