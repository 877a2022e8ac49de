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

/** The object that `envoy_on_request` and `envoy_on_response` get: lua_filter.h, StreamHandleWrapper. */
export function streamHandle(message: Message, owner: HandleOwner): LuaObject {
  const { callbacks } = owner;
  const log = Object.fromEntries(
    ['logTrace', 'logDebug', 'logInfo', 'logWarn', 'logErr', 'logCritical'].map((name) => [name, NOTHING]),
  );
  return {
    methods: {
      ...log,
      ...bodyMethods(message),
      headers: () => [headerObject(message.headers, message.headersChanged, message.status)],
      trailers: () => [message.trailers ? headerObject(message.trailers, () => undefined) : null],
      metadata: () => [metadataObject(filterMetadata(callbacks.route?.node))],
      streamInfo: () => [streamInfoObject(callbacks)],
      connectionStreamInfo: () => [streamInfoObject(callbacks)],
      connection: () => [{ methods: { ssl: () => [callbacks.connection.tls ? { methods: {} } : null] } }],
      httpCall: (...args) => {
        const call = sendCall(owner.clients.httpClient, args, (results) => owner.resume(results));
        if (call.isAsynchronous) return [];
        owner.setCancel(call.cancel);
        return 'yield';
      },
      respond: (headers, body) => respond(owner, headers, body),
      base64Escape: (text) => [base64Of(bytesOf(String(text)))],
      timestamp: () => [epochMs(callbacks)],
      timestampString: () => [String(epochMs(callbacks))],
      clearRouteCache: () => {
        callbacks.clearRouteCache();
        return [];
      },
      setUpstreamOverrideHost: (host, strict) => {
        callbacks.setUpstreamOverrideHost(String(host), strict === true);
        return [];
      },
      filterContext: () => [owner.filterContext],
      route: () => [{ methods: { metadata: () => [metadataObject(filterMetadata(callbacks.route?.node))] } }],
      virtualHost: () => [
        { methods: { metadata: () => [metadataObject(filterMetadata(callbacks.virtualHost?.node))] } },
      ],
    },
  };
}

const FILTER = 'envoy.filters.http.lua';

/** `filter_metadata` under the filter's own name. */
const filterMetadata = (node: FilterNode): Parameters<typeof metadataObject>[0] =>
  node?.child('metadata')?.child('filter_metadata')?.child(FILTER)?.value ?? {};
type FilterNode = NonNullable<FilterCallbacks['route']>['node'] | undefined;

function bodyMethods(message: Message): Record<string, LuaMethod> {
  const buffer = (): LuaObject => bufferObject(message.readBody, message.writeBody);
  return {
    body: (alwaysWraps) => [message.readBody() === '' && alwaysWraps !== true ? null : buffer()],
    bodyChunks: () => {
      let isFirst = true;
      return [
        () => {
          const chunk = isFirst && message.readBody() !== '' ? buffer() : null;
          isFirst = false;
          return chunk;
        },
      ];
    },
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
