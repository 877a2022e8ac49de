import type { Host } from '../upstream/host.ts';

/** What a choice may depend on. */
export interface LoadBalancerContext {
  readonly hash: bigint | undefined;
}

/** Picks one of the hosts that are open to choice; they are the same list for as long as nothing changed. */
export interface HostPicker {
  pick(hosts: readonly Host[]): Host;
  /** The host whose turn it is next, where there are turns. */
  next?(hosts: readonly Host[]): Host | undefined;
}

/** Hosts with their shares of one: what rings and tables are made of. */
export type WeightedHosts = readonly WeightedHost[];

export interface WeightedHost {
  readonly host: Host;
  readonly weight: number;
}

/** Picks the host that a hash leads to; a later attempt with the same hash leads to another. */
export interface HashPicker {
  pickByHash(hosts: WeightedHosts, hash: bigint, attempt: number): Host;
}
