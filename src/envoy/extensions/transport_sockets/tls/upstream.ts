import type { ConfigNode } from '../../../config_node.ts';
import type { Certificate } from '../../../network/certificate.ts';
import type {
  TransportSocketOptions,
  TransportSocketServices,
  UpstreamHandshake,
  UpstreamTransportSocket,
} from '../../../network/transport_socket.ts';
import type { ServerTls } from '../../../seams.ts';
import { compileContext, versionOf, type TlsContext, type TlsVersion } from './context.ts';
import { ERRORS, rejectionOf } from './verify.ts';

/** `UpstreamTlsContext`: what Envoy asks for as a client, shows of itself, and demands of the server. */
export function compileUpstream(config: ConfigNode, services: TransportSocketServices): UpstreamTransportSocket {
  const contextNow = compileContext(config.child('common_tls_context'), services);
  const sni = config.text('sni');
  const params = config.child('common_tls_context')?.child('tls_params');
  // Every server takes the newest that Envoy offers.
  const version = versionOf(params?.text('tls_maximum_protocol_version'), 'TLSv1.2');
  const verifiesSni = config.flag('auto_sni_san_validation');
  return {
    node: config,
    handshake: (server, options) => {
      const context = contextNow();
      if (!context.isReady) return { failure: ERRORS.secretNotSupplied, counter: 'connection_error' };
      const asked = options.sni ?? (sni === '' ? undefined : sni);
      const verifySans = options.verifySans ?? (verifiesSni && asked !== undefined ? [asked] : []);
      return handshake(server, context, { version, asked, verifySans, options });
    },
  };
}

function handshake(
  server: ServerTls | undefined,
  context: TlsContext,
  how: {
    version: TlsVersion;
    asked: string | undefined;
    verifySans: readonly string[];
    options: TransportSocketOptions;
  },
): UpstreamHandshake {
  if (!server) return { failure: ERRORS.wrongVersionNumber, counter: 'connection_error' };
  const offered = context.alpn.length > 0 ? context.alpn : (how.options.alpn ?? []);
  const alpn = server.alpn.find((one) => offered.includes(one));
  if (alpn === undefined && server.alpn.length > 0 && offered.length > 0)
    return { failure: ERRORS.noApplicationProtocol, counter: 'connection_error' };
  const rejection = server.certificate && rejectionOf(server.certificate, context.validation, how.verifySans);
  if (rejection) return { failure: ERRORS.certificateVerifyFailed(rejection.reason), counter: rejection.counter };
  const own = context.certificates[0];
  const refusal = server.clientCa === undefined ? undefined : refusalOf(own, server.clientCa);
  if (refusal !== undefined) return { failure: refusal, counter: 'connection_error' };
  const shown = server.clientCa === undefined ? undefined : own;
  return {
    seen: definedOnly({ sni: how.asked, alpn, client: shown?.cn }),
    established: definedOnly({ sni: how.asked, version: how.version, peer: server.certificate, local: shown }),
  };
}

/** Without the fields that have no value. */
function definedOnly<T extends object>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}

/** What a server that asks for a certificate says to one that it does not take, or to none. */
function refusalOf(own: Certificate | undefined, clientCa: string): string | undefined {
  if (!own) return ERRORS.handshakeFailure;
  if (own.ca !== clientCa && own.name !== clientCa) return ERRORS.unknownCa;
  return own.days < 0 ? ERRORS.certificateExpired : undefined;
}
