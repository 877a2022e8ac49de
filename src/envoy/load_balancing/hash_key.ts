import type { Host } from '../upstream/host.ts';

/** What stands for a host on a ring or in a table: its `hash_key` metadata, its name if so configured, or its address. */
export function hashKeyOf(host: Host, usesHostname: boolean): string {
  const given = host.metadata['hash_key'];
  if (typeof given === 'string' && given !== '') return given;
  return usesHostname && host.hostname !== '' ? host.hostname : host.address;
}
