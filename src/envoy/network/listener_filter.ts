import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { RouterServices } from '../router/router_services.ts';
import type { Connection } from '../seams.ts';
import { portOf } from './address.ts';
import type { Detected } from './detected.ts';
import { typeOf } from './filter.ts';
import type { ClientHello, Payload } from './payload.ts';

/** A connection that has no filter chain yet: envoy/network/filter.h, ListenerFilterCallbacks. */
export interface AcceptedSocket {
  facts: Connection;
  readonly detected: Detected;
  /** What the connection will have as its dynamic metadata. */
  readonly metadata: JsonObject;
  /** What a TLS client sends first, of its own accord. */
  readonly hello: ClientHello | undefined;
  /** The first bytes; a filter may take some away. Undefined as long as there are none. */
  first: Payload | undefined;
}

/** Whether the next filter may look, whether this one needs bytes that are not there yet, or whether all is over. */
export type ListenerFilterStatus = 'continue' | 'wait' | 'close';

export type ListenerFilter = (socket: AcceptedSocket) => ListenerFilterStatus;

/** One kind of listener filter, by the type of its configuration. */
export interface ListenerFilterFactory {
  readonly name: string;
  readonly type: string;
  readonly fidelity: { readonly level: 'full' | 'partial'; readonly notSimulated: readonly string[] };
  compile(config: ConfigNode, services: RouterServices): ListenerFilter;
}

export type ListenerFilterRegistry = ReadonlyMap<string, ListenerFilterFactory>;

/** A listener filter and where it stands. */
export interface PlacedListenerFilter {
  readonly node: ConfigNode;
  readonly run: ListenerFilter;
}

export function compileListenerFilters(
  listener: ConfigNode,
  registry: ListenerFilterRegistry,
  services: RouterServices,
): PlacedListenerFilter[] {
  return listener.list('listener_filters').flatMap((node) => {
    const config = node.child('typed_config');
    const factory = config && registry.get(typeOf(config));
    if (!factory) return [];
    const isDisabled = compilePredicate(node.child('filter_disabled'));
    const run = factory.compile(config, services);
    return [{ node, run: (socket: AcceptedSocket) => (isDisabled(socket) ? 'continue' : run(socket)) }];
  });
}

/** `ListenerFilterChainMatchPredicate`: by the port alone. */
function compilePredicate(node: ConfigNode | undefined): (socket: AcceptedSocket) => boolean {
  if (!node) return () => false;
  const [and, or, not] = [node.child('and_match'), node.child('or_match'), node.child('not_match')];
  const rules = (and ?? or)?.list('rules').map(compilePredicate) ?? [];
  if (and) return (socket) => rules.every((rule) => rule(socket));
  if (or) return (socket) => rules.some((rule) => rule(socket));
  if (not) {
    const inner = compilePredicate(not);
    return (socket) => !inner(socket);
  }
  const range = node.child('destination_port_range');
  if (!range) return () => node.flag('any_match');
  const [start, end] = [range.number('start') ?? 0, range.number('end') ?? 0];
  return ({ facts }) => {
    const port = portOf(facts.localAddress);
    return port >= start && port < end;
  };
}
