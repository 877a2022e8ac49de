import type { JsonObject } from '#api';
import { SIMULATION_EPOCH_MS } from '#sim';
import type { FactoryContext, FilterCallbacks } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { LuaFault, textArgument, type LuaMethod, type LuaObject, type LuaValue } from '../../../../lua/lua_runtime.ts';
import { base64Of } from '../../../../matching/base64.ts';
import { isIpAddress } from '../../../../network/cidr.ts';
import { bufferObject, headerObject, type HeaderLock } from './header_object.ts';
import { headersOfTable, sendCall } from './http_call.ts';
import { verify } from './signature.ts';
import { metadataObject, streamInfoObject } from './stream_info_object.ts';

/** The message that a script looks at, on its way in or out. */
export interface Message {
  readonly headers: HeaderMap;
  readonly status?: () => string;
  readonly trailers: HeaderMap | undefined;
  readonly readBody: () => string;
  readonly writeBody: (body: string) => void;
  readonly headersChanged: () => void;
  readonly hasBody: () => boolean;
  readonly lock: HeaderLock;
  /** The script holds the message until its body is there. */
  isBuffered: boolean;
  publicKey?: string;
}

/** What the handle asks of the run that it belongs to. */
export interface HandleOwner {
  readonly callbacks: FilterCallbacks;
  readonly clients: Pick<FactoryContext, 'httpClient'>;
  readonly filterContext: JsonObject;
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
  ['body', (message) => (wraps) => [wholeBody(message) === '' && wraps !== true ? null : bufferOf(message)]],
  ['bodyChunks', (message) => () => [chunksOf(message)]],
  [
    'headers',
    ({ headers, lock, headersChanged, status }) =>
      () => [headerObject(headers, lock, headersChanged, status)],
  ],
  ['trailers', (message) => () => [trailersOf(message)]],
  [
    'metadata',
    (_, { callbacks }) =>
      () => [metadataObject(filterMetadata(callbacks.route?.node, callbacks))],
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
  [
    'respond',
    (message, owner) =>
      (...args) =>
        respond(message, owner, args),
  ],
  ['base64Escape', () => (text) => [base64Of(bytesOf(textArgument(text, 2)))]],
  [
    'timestamp',
    (_, { callbacks }) =>
      (resolution) => [epochMs(callbacks) * unitsPerMs(resolution)],
  ],
  [
    'timestampString',
    (_, { callbacks }) =>
      (resolution) => [String(epochMs(callbacks) * unitsPerMs(resolution))],
  ],
  [
    'importPublicKey',
    (message) => (der) => {
      // There is one for each message: a second key is not looked at.
      const key = (message.publicKey ??= textArgument(der, 2));
      return [{ methods: { get: () => [key] } }];
    },
  ],
  [
    'verifySignature',
    () => (hash, key, signature, _length, text) =>
      verify(textArgument(hash, 2), textArgument(key, 3), textArgument(signature, 4), textArgument(text, 6)),
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
        after(() => callbacks.setUpstreamOverrideHost(addressOf(host), strict === true)),
  ],
  [
    'filterContext',
    (_, { filterContext }) =>
      () => [metadataObject(filterContext)],
  ],
  [
    'route',
    (_, { callbacks }) =>
      () => [metadataHolder(callbacks.route?.node, callbacks)],
  ],
  [
    'virtualHost',
    (_, { callbacks }) =>
      () => [metadataHolder(callbacks.virtualHost?.node, callbacks)],
  ],
]);

/** The object that `envoy_on_request` and `envoy_on_response` get: lua_filter.h, StreamHandleWrapper. */
export const streamHandle = (message: Message, owner: HandleOwner): LuaObject => ({
  method: (name) => METHODS.get(name)?.(message, owner),
});

/** What a script asked for keeps the message until it is whole. */
function wholeBody(message: Message): string {
  if (message.lock.isSent) throw new LuaFault('cannot call body() after body has been streamed');
  message.isBuffered = true;
  return message.readBody();
}

/** Who waits for what comes behind the headers lets them go. */
function letHeadersGo({ isBuffered, lock }: Message): void {
  if (!isBuffered) lock.isSent = true;
}

function trailersOf(message: Message): LuaValue {
  const { trailers, hasBody } = message;
  if (trailers || hasBody()) letHeadersGo(message);
  return trailers ? headerObject(trailers, { isIterating: false, isSent: false }, () => undefined) : null;
}

/** `EnvoyTimestampResolution`. */
function unitsPerMs(resolution: LuaValue): number {
  if (resolution === undefined || resolution === null || resolution === 0) return 1;
  if (resolution === 1) return 1_000;
  throw new LuaFault('timestamp format must be MILLISECOND or MICROSECOND.');
}

/** An address of IP, with a port or without. */
function addressOf(host: LuaValue): string {
  const text = textArgument(host, 2);
  const bare = /^\[(.*)\](?::\d+)?$/.exec(text)?.[1] ?? text.replace(/^([\d.]+):\d+$/, '$1');
  if (!isIpAddress(bare)) throw new LuaFault('host is not a valid IP address');
  return text;
}

function after(run: () => void): [] {
  run();
  return [];
}

const connectionObject = ({ connection }: FilterCallbacks): LuaObject => ({
  methods: { ssl: () => [connection.tls ? { methods: {} } : null] },
});

const metadataHolder = (node: FilterNode, callbacks: FilterCallbacks): LuaObject => ({
  methods: { metadata: () => [metadataObject(filterMetadata(node, callbacks))] },
});

function callOut(owner: HandleOwner, args: readonly LuaValue[]): [] | 'yield' {
  const call = sendCall(owner.clients.httpClient, args, (results) => owner.resume(results));
  if (call.isAsynchronous) return [];
  owner.setCancel(call.cancel);
  return 'yield';
}

const FILTER = 'envoy.filters.http.lua';

/** `filter_metadata` under the name that the filter has, or else under that of its kind. */
function filterMetadata(node: FilterNode, { filterName }: FilterCallbacks): Parameters<typeof metadataObject>[0] {
  const metadata = node?.child('metadata')?.child('filter_metadata');
  return (metadata?.child(filterName) ?? metadata?.child(FILTER))?.value ?? {};
}
type FilterNode = NonNullable<FilterCallbacks['route']>['node'] | undefined;

const bufferOf = (message: Message): LuaObject => bufferObject(message.readBody, message.writeBody);

/** The whole body is one chunk. */
function chunksOf(message: Message): () => LuaValue {
  let isFirst = true;
  return () => {
    if (message.hasBody()) letHeadersGo(message);
    const chunk = isFirst && message.readBody() !== '' ? bufferOf(message) : null;
    isFirst = false;
    return chunk;
  };
}

/** Answers in place of the upstream: lua_filter.cc, luaRespond. */
function respond({ lock }: Message, owner: HandleOwner, [table, body]: readonly LuaValue[]): 'yield' {
  if (lock.isSent) throw new LuaFault('respond() cannot be called if headers have been continued');
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
