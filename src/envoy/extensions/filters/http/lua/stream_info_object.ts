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
      dynamicTypedMetadata: () => [null],
      filterState: () => [{ methods: { get: (key) => oneOrNone(filterState.get(String(key))) } }],
    },
  };
}

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
