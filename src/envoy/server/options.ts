/** What Envoy is told on its command line, as far as it can be seen from outside. */
export interface CommandLineOptions {
  readonly serviceNode: string;
  readonly serviceCluster: string;
  readonly drainTimeMs: number;
  readonly parentShutdownTimeMs: number;
  readonly fileFlushIntervalMs: number;
  readonly logLevel: string;
}

/** Envoy's defaults: server/options_impl.cc. */
export const DEFAULT_OPTIONS: CommandLineOptions = {
  serviceNode: '',
  serviceCluster: '',
  drainTimeMs: 600_000,
  parentShutdownTimeMs: 900_000,
  fileFlushIntervalMs: 10_000,
  logLevel: 'info',
};
