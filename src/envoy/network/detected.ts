/** What the listener filters found out about a connection before a chain is chosen. */
export interface Detected {
  sni: string | undefined;
  transportProtocol: 'tls' | 'raw_buffer';
  applicationProtocols: readonly string[];
}
