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
    if (!host) added.push(one);
    else if (host.priority !== one.priority) priorities.add(host.priority).add(one.priority);
    isChanged = (host?.follow(one) ?? true) || isChanged;
  }
  const stays = new Set(hosts);
  const removed: Host[] = [];
  for (const host of before) {
    if (stays.has(host)) continue;
    if (keepsHealthy && !host.flags.has('failed_active_hc')) {
      host.flags.add('pending_dynamic_removal');
      hosts.push(host);
    } else removed.push(host);
  }
  for (const { priority } of [...added, ...removed]) priorities.add(priority);
  return { hosts, added, removed, priorities, isChanged: isChanged || removed.length > 0 };
}
