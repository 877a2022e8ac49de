import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { Connection, StreamRecord } from '../seams.ts';
import type { ListenerInfo, StreamFacts } from '../stream_info/stream_facts.ts';
import type { Payload } from './payload.ts';
import type { FilterState } from '../stream_info/filter_state.ts';

/** Whether the next filter may hear of it. */
export type NetworkFilterStatus = 'continue' | 'stop_iteration';

/** Who ended a connection, as Envoy sees it. */
export type CloseEvent = 'remote' | 'local';

/** A downstream connection as its network filters see it: envoy/network/connection.h. */
export interface NetworkConnection {
  /** Addresses, and what is known of its TLS. */
  readonly facts: Connection;
  /** What a log says of the whole connection: who, how much, by which chain. */
  readonly log: StreamRecord;
  readonly listener: ListenerInfo;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: FilterState;
  readonly isOpen: boolean;
  /** What a log says of it beside its fields: times, and the hosts that were tried. */
  readonly streamFacts: StreamFacts;
  /** Response flags as RESPONSE_FLAGS writes them. */
  readonly flags: string;
  addFlag(flag: string): void;
  /** From now on the end of the client's bytes is an end of data, and not of the connection. */
  enableHalfClose(): void;
  /** While reading is disabled, bytes wait. Calls add up. */
  readDisable(isDisabled: boolean): void;
  /** Goes on after the filter that stopped, with what it held. */
  continueReading(): void;
  write(payload: Payload, endStream?: boolean): void;
  /** `details` are CONNECTION_TERMINATION_DETAILS. */
  close(details?: string): void;
}

/** One filter on one connection: envoy/network/filter.h, ReadFilter. */
export interface NetworkFilter {
  /** Before any byte, and before a TLS handshake. */
  onNewConnection?(): NetworkFilterStatus;
  /** The TLS handshake with the client is done. */
  onSecured?(): void;
  onData?(payload: Payload, endStream: boolean): NetworkFilterStatus;
  /** The connection is over, and nothing can be written any more. */
  onClose?(by: CloseEvent): void;
}

/** A network filter ready to be put on connections. */
export type CompiledNetworkFilter = (connection: NetworkConnection) => NetworkFilter;

interface Fidelity {
  readonly level: 'full' | 'partial';
  /** Fields that are read and not run. */
  readonly notSimulated: readonly string[];
}

/** What compiling a network filter may use. */
export interface NetworkFilterContext extends RouterServices {
  /** `listener.ADDRESS.`, before the statistics of the listener. */
  readonly listenerPrefix: string;
  readonly isOutbound: boolean;
  /** Called when the listener is gone. */
  onRelease(run: () => void): void;
}

/** One kind of network filter, by the type of its configuration. Compiling happens once for each filter chain. */
export interface NetworkFilterFactory {
  readonly name: string;
  readonly type: string;
  readonly fidelity: Fidelity;
  /** It logs streams, and needs no count of the connection's bytes. */
  readonly logsStreams?: boolean;
  compile(config: ConfigNode, context: NetworkFilterContext): CompiledNetworkFilter;
}

export type NetworkFilterRegistry = ReadonlyMap<string, NetworkFilterFactory>;

export const typeOf = (config: ConfigNode): string => (config.text('@type') ?? '').replace(/^.*\//, '');

/** The filters of a chain in order. One that is not run lets everything pass, and the editor says so. */
export function compileNetworkFilters(
  chain: ConfigNode,
  registry: NetworkFilterRegistry,
  context: NetworkFilterContext,
): { filters: CompiledNetworkFilter[]; logsStreams: boolean } {
  const found = chain.list('filters').flatMap((filter) => {
    const config = filter.child('typed_config');
    const factory = config && registry.get(typeOf(config));
    return factory ? [{ factory, config }] : [];
  });
  return {
    filters: found.map(({ factory, config }) => factory.compile(config, context)),
    logsStreams: found.at(-1)?.factory.logsStreams === true,
  };
}
