import type { ConfigRef } from '#source';
import type { ConfigNode } from '../config_node.ts';

/** A resource that was read: well formed as a message. What is wrong inside its typed configurations is `problem`. */
export interface DecodedResource {
  readonly name: string;
  readonly version: string;
  readonly node: ConfigNode;
  /** Why this one alone cannot be taken, though the message around it is well formed. */
  readonly problem: string | undefined;
  /** What kind of problem it is. */
  readonly problemCode?: string;
  /** Where it stands. */
  readonly problemRef?: ConfigRef;
}

/** Why an update did not come: nothing within `initial_fetch_timeout`, or something that was refused. */
export type UpdateFailure = 'fetch_timed_out' | 'update_rejected';

/** Who wants resources of one type. An update is refused by saying why. */
export interface SubscriptionCallbacks {
  /** Everything of the type that was asked for. */
  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined;
  /** What changed, and the names of what is gone. */
  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined;
  onConfigUpdateFailed(failure: UpdateFailure): void;
}

/** A standing wish for resources of one type, from a file or a management server. */
export interface Subscription {
  /** Without names: everything of the type. */
  start(names: readonly string[]): void;
  /** Other names from now on. */
  update(names: readonly string[]): void;
  stop(): void;
}
