/** The host that a stream asks for, with its port: what its filter state names comes before `:authority`. */
export function dynamicHost(authority: string, state: ReadonlyMap<string, string> | undefined): string {
  const [host, port] = ['envoy.upstream.dynamic_host', 'envoy.upstream.dynamic_port'].map((key) => state?.get(key));
  const [, own = authority, ownPort] = /^(.*?)(?::(\d+))?$/.exec(authority) ?? [];
  const name = host || own;
  const at = port || (host ? undefined : ownPort);
  return at === undefined ? name : `${name}:${at}`;
}
