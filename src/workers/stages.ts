/** The part of a proxy that a kind of record belongs to, by the beginning of its name; the longest one wins. */
const STAGES: readonly (readonly [string, string])[] = [
  ['listener', 'Listener'],
  ['connection', 'Listener'],
  ['filter_chain', 'Filter chain'],
  ['tls', 'TLS'],
  ['sni', 'TLS'],
  ['virtual_host', 'Virtual host'],
  ['route', 'Route'],
  ['filter', 'HTTP filters'],
  ['cluster', 'Cluster'],
  ['host', 'Endpoint'],
  ['no_healthy', 'Endpoint'],
  ['upstream', 'Endpoint'],
  ['retry', 'Endpoint'],
  ['response_timeout', 'Endpoint'],
  ['per_try', 'Endpoint'],
  ['circuit_breaker', 'Endpoint'],
  ['stream_completed', 'Answer'],
];

/** A kind that is not listed belongs to where the request is: mostly an HTTP filter that says something of its own. */
export function stageOf(kind: string, before: string): string {
  let best: readonly [string, string] | undefined;
  for (const entry of STAGES) if (kind.startsWith(entry[0]) && entry[0].length > (best?.[0].length ?? 0)) best = entry;
  return best?.[1] ?? (before === '' ? 'Connection' : before);
}
