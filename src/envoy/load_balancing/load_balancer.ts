import type { Host } from '../upstream/host.ts';

/** What a choice may depend on. */
export interface LoadBalancerContext {
  readonly hash: bigint | undefined;
}

/** Picks one of the hosts that are open to choice; they are the same list for as long as nothing changed. */
export interface HostPicker {
  pick(hosts: readonly Host[], context: LoadBalancerContext): Host;
  /** The host whose turn it is next, where there are turns. */
  next?(hosts: readonly Host[]): Host | undefined;
}
