import { addressOf, portOf } from '../../../../network/address.ts';
import type { Json, JsonObject } from '#api';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import type { LuaObject, LuaValue } from '../../../../lua/lua_runtime.ts';

/** Metadata by key, to be looked at: lua/wrappers.cc, MetadataMapWrapper. */
export const metadataObject = (metadata: JsonObject): LuaObject => ({
  methods: { get: (key) => oneOrNone(metadata[String(key)]) },
  pairs: () => Object.entries(metadata),
});

/** The facts of a stream: filters/http/lua/wrappers.cc, StreamInfoWrapper. */
export function streamInfoObject(callbacks: FilterCallbacks): LuaObject {
  const { connection, dynamicMetadata, filterState, log } = callbacks;
  const remote = addressOf(String(log['remote'] ?? ''), portOf(connection.remoteAddress));
  return {
    methods: {
      protocol: () => [String(log['protocol'] ?? '')],
      routeName: () => [callbacks.route?.name ?? ''],
      virtualClusterName: () => [String(log['virtual_cluster'] ?? '')],
      downstreamLocalAddress: () => [connection.localAddress],
      downstreamDirectLocalAddress: () => [connection.localAddress],
      downstreamRemoteAddress: () => [remote],
      downstreamDirectRemoteAddress: () => [connection.remoteAddress],
      downstreamSslConnection: () => [connection.tls ? sslObject() : null],
      requestedServerName: () => [connection.tls?.sni ?? ''],
      drainConnectionUponCompletion: () => [],
      dynamicMetadata: () => [
        {
          methods: {
            get: (name) => oneOrNone(dynamicMetadata[String(name)]),
            set: (name, key, value) => {
              callbacks.setMetadata(String(name), String(key), jsonOf(value));
              return [];
            },
          },
          pairs: () => Object.entries(dynamicMetadata),
        },
      ],
      dynamicTypedMetadata: (name) => [typedMessage(callbacks.dynamicTypedMetadata[String(name)])],
      filterState: () => [{ methods: { get: (key) => oneOrNone(filterState.get(String(key))) } }],
    },
  };
}

/** A message by the names of its fields. A struct is known to have fields of values. */
function typedMessage(any: Json | undefined): Json {
  if (!isObject(any)) return null;
  const { '@type': type, ...fields } = any;
  if (String(type).endsWith('.Struct') && isObject(fields['value'])) return structMessage(fields['value']);
  return withProtoNames(fields);
}

const structMessage = (value: JsonObject): Json => ({
  fields: Object.fromEntries(Object.entries(value).map(([key, one]) => [key, valueMessage(one)])),
});

function valueMessage(value: Json): Json {
  if (Array.isArray(value)) return { list_value: { values: value.map(valueMessage) } };
  if (isObject(value)) return { struct_value: structMessage(value) };
  if (typeof value === 'string') return { string_value: value };
  return typeof value === 'number' ? { number_value: value } : { bool_value: value };
}

function withProtoNames(value: Json): Json {
  if (Array.isArray(value)) return value.map(withProtoNames);
  if (!isObject(value)) return value;
  const snake = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [snake(key), withProtoNames(one)]));
}

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What is not there is no result at all, which is less than nil: `tostring` of it is an error. */
const oneOrNone = (value: LuaValue): LuaValue[] => (value === undefined ? [] : [value]);

const jsonOf = (value: LuaValue): Json => (value === undefined || typeof value === 'function' ? null : (value as Json));

/** Simplified: a script sees that there is TLS, and no certificates. */
const sslObject = (): LuaObject => ({
  methods: {
    peerCertificatePresented: () => [false],
    peerCertificateValidated: () => [false],
  },
});
