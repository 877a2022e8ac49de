import type { Timer } from '#sim';
import type { CloseEvent, NetworkConnection, NetworkFilter, NetworkFilterStatus } from '../../../../network/filter.ts';
import { connectionContext } from '../../../../network/log_context.ts';
import { bytes, sizeOf, type Payload } from '../../../../network/payload.ts';
import type { RouterServices } from '../../../../router/router_services.ts';
import type { Cluster } from '../../../../upstream/cluster.ts';
import type { PoolFailure, TcpConnection } from '../../../../upstream/tcp_conn_pool.ts';
import type { TcpProxyConfig, TcpRoute } from './config.ts';
import { readTunnelAnswer } from './tunnel.ts';

/** Passes the bytes of one connection to an upstream and back: source/common/tcp_proxy/tcp_proxy.cc. */
export class TcpProxy implements NetworkFilter {
  readonly #config: TcpProxyConfig;
  readonly #services: RouterServices;
  readonly #connection: NetworkConnection;
  #cluster: Cluster | undefined;
  #upstream: TcpConnection | undefined;
  #isConnected = false;
  #isTunnelOpen = false;
  /** What has come of the answer that opens a tunnel. */
  #answer = '';
  #attempts = 0;
  #idleTimer: Timer | undefined;
  #durationTimer: Timer | undefined;
  #logTimer: Timer | undefined;
  #hasUpstreamEnd = false;

  constructor(config: TcpProxyConfig, services: RouterServices, connection: NetworkConnection) {
    this.#config = config;
    this.#services = services;
    this.#connection = connection;
    connection.enableHalfClose();
    // Nothing is read until there is somebody to write it to.
    connection.readDisable(true);
    this.#count('downstream_cx_total');
  }

  onNewConnection(): NetworkFilterStatus {
    const { maxDurationMs, logIntervalMs, logsOnStart } = this.#config;
    if (logsOnStart) this.#log('TcpConnectionStart');
    if (maxDurationMs !== undefined)
      this.#durationTimer = this.#timer('max_downstream_connection_duration', maxDurationMs, () => {
        this.#count('max_downstream_connection_duration');
        this.#connection.addFlag('DT');
        this.#connection.close();
      });
    if (logIntervalMs !== undefined) this.#logAgain(logIntervalMs);
    this.#connect(this.#config.pickRoute(this.#connection));
    return 'stop_iteration';
  }

  onData(payload: Payload, endStream: boolean): NetworkFilterStatus {
    this.#rearmIdleTimer();
    if (payload.kind !== 'bytes' || payload.text !== '') {
      this.#countBytes(sizeOf(payload), 0);
      this.#upstream?.write(payload);
    }
    if (endStream) this.#upstream?.end();
    return 'stop_iteration';
  }

  onClose(by: CloseEvent): void {
    for (const timer of [this.#idleTimer, this.#durationTimer, this.#logTimer]) timer?.cancel();
    if (by === 'remote' && this.#isConnected && !this.#hasUpstreamEnd) this.#upstream?.end();
    this.#upstream?.close();
    this.#log('TcpConnectionEnd');
  }

  #connect(route: TcpRoute): void {
    const cluster = this.#services.clusters.get(route.cluster);
    if (!cluster) {
      this.#count('downstream_cx_no_route');
      this.#tell('cluster_not_found', false, route, `No cluster has the name \`${route.cluster}\`: NC.`);
      return this.#giveUp('NC');
    }
    this.#cluster = cluster;
    this.#connection.log['cluster'] = cluster.statName;
    if (!cluster.breaker('DEFAULT').canCreate('connections')) {
      this.#services.stats.add(`cluster.${cluster.statName}.upstream_cx_overflow`);
      this.#tell(
        'circuit_breaker_open',
        false,
        route,
        `The cluster \`${cluster.name}\` has all the connections that it may have: UO.`,
      );
      return this.#giveUp('UO');
    }
    if (this.#attempts >= this.#config.maxConnectAttempts) {
      this.#services.stats.add(`cluster.${cluster.statName}.upstream_cx_connect_attempts_exceeded`);
      this.#tell(
        'connect_attempts_exceeded',
        false,
        route,
        `No connection after ${this.#attempts} of at most ${this.#config.maxConnectAttempts} attempts.`,
      );
      return this.#giveUp('URX');
    }
    this.#try(cluster, route);
  }

  #try(cluster: Cluster, route: TcpRoute): void {
    const host = cluster.chooseHost({ hash: this.#config.hash(this.#connection), subset: route.subset });
    if (!host) {
      this.#services.stats.add(`cluster.${cluster.statName}.upstream_cx_none_healthy`);
      this.#tell('no_healthy_upstream', false, route, `The cluster \`${cluster.name}\` has no endpoint to connect to.`);
      return this.#giveUp('UH');
    }
    this.#connection.log['attempts'] = ++this.#attempts;
    this.#connection.log['upstream_host'] = host.address;
    this.#connection.streamFacts.hostsAttempted.push(host);
    this.#countBytes(0, 0);
    this.#tell(
      'host_chosen',
      true,
      route,
      `Attempt ${this.#attempts}: the cluster \`${cluster.name}\` picks ${host.address}.`,
    );
    const { remoteAddress, localAddress } = this.#connection.facts;
    this.#upstream = cluster.tcpConnect(
      host,
      { downstream: { remoteAddress, localAddress } },
      {
        onPoolReady: () => this.#onConnected(route),
        onPoolFailure: (reason, transportFailure) => this.#onFailure(reason, transportFailure, route),
        onData: (payload) => this.#onUpstreamData(payload),
        onClose: (how) => this.#onUpstreamClose(how),
      },
    );
  }

  #onConnected(route: TcpRoute): void {
    const { tunnel, logsOnConnected } = this.#config;
    this.#tell('upstream_connected', true, route, 'The upstream has accepted the connection.');
    if (tunnel) return this.#upstream!.write(bytes(tunnel.open(this.#context())));
    if (logsOnConnected) this.#log('TcpUpstreamConnected');
    this.#open();
  }

  #open(): void {
    this.#isConnected = true;
    this.#rearmIdleTimer();
    this.#connection.readDisable(false);
  }

  #onFailure(reason: PoolFailure, transportFailure: string, route: TcpRoute): void {
    if (transportFailure !== '') this.#connection.log['transport_failure'] = transportFailure;
    this.#connection.addFlag('UF');
    this.#upstream = undefined;
    this.#tell(
      'upstream_failed',
      false,
      route,
      reason === 'timeout' ? 'There was no connection in time.' : `There is no connection: ${transportFailure}.`,
    );
    this.#connect(route);
  }

  #onUpstreamData(payload: Payload): void {
    this.#rearmIdleTimer();
    this.#countBytes(0, sizeOf(payload));
    if (!this.#config.tunnel || this.#isTunnelOpen) return this.#connection.write(payload);
    this.#answer += payload.kind === 'bytes' ? payload.text : '';
    const answer = readTunnelAnswer(this.#answer);
    if (!answer) return;
    if (answer.status < 200 || answer.status > 299) return this.#refuseTunnel(answer.status);
    this.#isTunnelOpen = true;
    if (this.#config.logsOnConnected) this.#log('TcpUpstreamConnected');
    this.#open();
    if (answer.rest !== '') this.#connection.write(bytes(answer.rest));
  }

  #refuseTunnel(status: number): void {
    this.#services.trace?.record({
      kind: 'tunnel_refused',
      state: 'failed',
      because: this.#config.tunnel!.node.ref,
      sentence: `The upstream answers ${status} to the request that would open the tunnel.`,
    });
    this.#upstream?.close();
    this.#connection.addFlag('UF');
    this.#connect(this.#config.pickRoute(this.#connection));
  }

  #onUpstreamClose(how: 'fin' | 'reset'): void {
    if (this.#config.tunnel && !this.#isTunnelOpen) return this.#refuseTunnel(0);
    this.#hasUpstreamEnd = true;
    if (how === 'fin') return this.#connection.write(bytes(''), true);
    this.#connection.addFlag('UR');
    this.#connection.close();
  }

  #giveUp(flag: string): void {
    this.#connection.addFlag(flag);
    this.#connection.close();
  }

  #rearmIdleTimer(): void {
    if (!this.#isConnected || this.#config.idleTimeoutMs === 0) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#timer('idle_timeout', this.#config.idleTimeoutMs, () => {
      this.#count('idle_timeout');
      this.#tell(
        'idle_timeout',
        false,
        undefined,
        `Nothing has moved for ${this.#config.idleTimeoutMs} ms: the connection is closed.`,
      );
      this.#connection.close();
    });
  }

  #logAgain(intervalMs: number): void {
    this.#logTimer = this.#timer('access_log_flush', intervalMs, () => {
      this.#log('TcpPeriodic');
      this.#logAgain(intervalMs);
    });
  }

  #timer(name: string, ms: number, run: () => void): Timer {
    return this.#services.dispatcher.createTimer(name, ms, run);
  }

  #context() {
    return connectionContext(this.#connection, this.#cluster?.name);
  }

  #log(accessLogType: string): void {
    const context = this.#context();
    for (const write of this.#config.loggers) write({ ...context, accessLogType });
    const { facts } = this.#connection;
    const remote = facts.remoteAddress.slice(0, facts.remoteAddress.lastIndexOf(':'));
    this.#services.logged?.({ kind: 'tcp', attempts: 0, bytes_received: 0, bytes_sent: 0, remote, ...context.log });
  }

  #tell(kind: string, isGood: boolean, route: TcpRoute | undefined, sentence: string): void {
    this.#services.trace?.record({
      kind,
      state: isGood ? 'matched' : 'failed',
      because: (route?.node ?? this.#config.node).ref,
      sentence,
    });
  }

  #countBytes(sent: number, received: number): void {
    const { streamFacts } = this.#connection;
    const before = streamFacts.upstreamBytes ?? { sent: 0, received: 0 };
    streamFacts.upstreamBytes = { sent: before.sent + sent, received: before.received + received };
  }

  #count(name: string): void {
    this.#services.stats.add(this.#config.statPrefix + name);
  }
}
