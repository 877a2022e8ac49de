/** The data plane: a bootstrap becomes a proxy that answers requests and says why. */
export { Envoy } from './envoy.ts';
export type { ClientConnection } from './listener/active_tcp_socket.ts';
export { certificateName, type Certificate, type Certificates } from './network/certificate.ts';
export type { DownstreamPeer } from './network/connection.ts';
export { bytes, requestText, type ClientHello, type Payload, type ServerHello } from './network/payload.ts';
export type {
  Connection,
  ConnectFailure,
  SeenTls,
  ServerTls,
  UpstreamSocket,
  UpstreamSocketCallbacks,
  FileSystem,
  HttpResponse,
  StreamRecord,
  HealthAnswer,
  HealthQuestion,
  UpstreamNetwork,
  UpstreamReply,
  UpstreamRequest,
} from './seams.ts';
export type { Trace, TraceRecord, TraceState } from './trace.ts';
export { RecordingTrace } from './trace.ts';
export type { CheckFacts } from './validation/check.ts';
export { MessageChecks } from './validation/checks.ts';
export { staticFacts } from './validation/static_facts.ts';
export { FIDELITY, fidelityOf } from './fidelity/fidelity.ts';
export type { HttpFilterFactory } from './http/filter.ts';
export { HttpFilterNotLinked, httpFiltersIn, linkHttpFilters } from './extensions/http_filters.ts';
export { encodeHttp1, needsLength } from './http/http1_codec.ts';
export { HeaderMap } from './http/header_map.ts';
export type { Meaning } from './stream_info/response_meanings.ts';
export { explainDetails, explainFlags } from './stream_info/response_meanings.ts';
export { frameOf, messagesOf } from './grpc/frames.ts';
export { bytesOfBase64 } from './matching/base64.ts';
export { CelTime, LibraryNotLinked, linkLibrary } from './linked_library.ts';
export type { CelAbilities, CelLibrary, CelProgram, JoseLibrary, LibraryName } from './linked_library.ts';
export { isLuaObject, LuaFault } from './lua/lua_runtime.ts';
export type { LuaCall, LuaMethod, LuaObject, LuaRuntime, LuaScript, LuaValue } from './lua/lua_runtime.ts';
