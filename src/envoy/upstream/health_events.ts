import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { LogFiles } from '../access_log/access_loggers.ts';
import { EventLog } from './event_log.ts';
import type { Host } from './host.ts';

/** What failed, and the status where there was one. */
export interface CheckFailure {
  readonly type: 'ACTIVE' | 'PASSIVE' | 'NETWORK' | 'NETWORK_TIMEOUT';
  readonly status: number;
}

interface Owner {
  readonly files: LogFiles;
  readonly clusterName: string;
  readonly nowMs: () => number;
}

/** What a health checker tells of its hosts to the logs that it names: health_checker_impl.cc, HealthCheckEventLoggerImpl. */
export class HealthEvents {
  readonly #logs: readonly EventLog[];
  readonly #kind: 'HTTP' | 'TCP' | 'GRPC';
  readonly #clusterName: string;
  readonly #logsFailures: boolean;
  readonly #logsSuccesses: boolean;

  constructor(check: ConfigNode, { files, clusterName, nowMs }: Owner) {
    const sinks = check.list('event_logger').map((one) => one.child('typed_config')?.text('event_log_path'));
    const paths = [check.text('event_log_path'), ...sinks].flatMap((path) => (path ? [path] : []));
    this.#logs = paths.map((path) => new EventLog(files, path, nowMs));
    this.#kind = check.has('tcp_health_check') ? 'TCP' : check.has('grpc_health_check') ? 'GRPC' : 'HTTP';
    this.#clusterName = clusterName;
    this.#logsFailures = check.flag('always_log_health_check_failures');
    this.#logsSuccesses = check.flag('always_log_health_check_success');
  }

  ejected(host: Host, { type, status }: CheckFailure): void {
    this.#write(host, { eject_unhealthy_event: { failure_type: type, http_status_code: status } });
  }

  added(host: Host, isFirst: boolean): void {
    this.#write(host, { add_healthy_event: { first_check: isFirst } });
  }

  /** Each failure where that is asked for; otherwise only that of a first check, which ejects nothing. */
  failed(host: Host, { type, status }: CheckFailure, isFirst: boolean): void {
    if (!isFirst && !this.#logsFailures) return;
    const event = { failure_type: type, first_check: isFirst, http_status_code: status };
    this.#write(host, {}, { health_check_failure_event: event });
  }

  passed(host: Host): void {
    if (this.#logsSuccesses) this.#write(host, {}, { successful_health_check_event: {} });
  }

  degraded(host: Host, isDegraded: boolean): void {
    this.#write(host, {}, isDegraded ? { degraded_healthy_host: {} } : { no_longer_degraded_host: {} });
  }

  #write(host: Host, event: JsonObject, lateEvent: JsonObject = {}): void {
    if (this.#logs.length === 0) return;
    const [region = '', zone = '', subZone = ''] = host.locality.name.split('/');
    const first = {
      health_checker_type: this.#kind,
      host: { socket_address: socketAddress(host.address) },
      cluster_name: this.#clusterName,
      ...event,
    };
    for (const log of this.#logs) log.write(first, { ...lateEvent, locality: { region, zone, sub_zone: subZone } });
  }
}

function socketAddress(address: string): JsonObject {
  const colon = address.lastIndexOf(':');
  return {
    protocol: 'TCP',
    address: address.slice(0, colon),
    port_value: Number(address.slice(colon + 1)),
    resolver_name: '',
    ipv4_compat: false,
    network_namespace_filepath: '',
  };
}
