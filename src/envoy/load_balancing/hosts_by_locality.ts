import type { Host, Locality } from '../upstream/host.ts';

/** Hosts by their localities, in the order in which those come first. */
export function hostsByLocality(hosts: readonly Host[]): Map<Locality, Host[]> {
  const found = new Map<Locality, Host[]>();
  for (const host of hosts) {
    const members = found.get(host.locality);
    if (members) members.push(host);
    else found.set(host.locality, [host]);
  }
  return found;
}
