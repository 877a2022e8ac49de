import type { Host } from './host.ts';

export interface HostUpdate {
  readonly hosts: readonly Host[];
  readonly added: readonly Host[];
  readonly removed: readonly Host[];
  /** The priorities that hosts came to or went from. */
  readonly priorities: ReadonlySet<number>;
  /** Whether anything at all is otherwise than before. */
  readonly isChanged: boolean;
}

/**
 * What becomes of a cluster's hosts when it is told others: upstream_impl.cc, updateDynamicHostList. A host that stays
 * keeps its score. One that has gone but passes its active health checks is kept until it fails them, where
 * `keepsHealthy` says so.
 */
export function updateHosts(before: readonly Host[], told: readonly Host[], keepsHealthy: boolean): HostUpdate {
  const known = new Map(before.map((host) => [host.address, host]));
  const hosts: Host[] = [];
  const added: Host[] = [];
  const priorities = new Set<number>();
  let isChanged = false;
  for (const one of told) {
    const host = known.get(one.address);
    hosts.push(host ?? one);
    if (!host) {
      added.push(one);
      continue;
    }
    if (host.priority !== one.priority) priorities.add(host.priority).add(one.priority);
    isChanged = host.follow(one) || isChanged;
  }
  const removed = goneOf(before, hosts, keepsHealthy);
  for (const { priority } of [...added, ...removed]) priorities.add(priority);
  isChanged ||= added.length > 0 || removed.length > 0;
  return { hosts, added, removed, priorities, isChanged };
}

/** The hosts that are told of no longer; one that is kept all the same is put back among those that stay. */
function goneOf(before: readonly Host[], hosts: Host[], keepsHealthy: boolean): Host[] {
  const stays = new Set(hosts);
  return before.filter((host) => {
    if (stays.has(host)) return false;
    if (!keepsHealthy || host.flags.has('failed_active_hc')) return true;
    host.flags.add('pending_dynamic_removal');
    hosts.push(host);
    return false;
  });
}
