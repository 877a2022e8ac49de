import type { Timer } from '#sim';
import type { CloseEvent, NetworkConnection, NetworkFilter, NetworkFilterStatus } from '../../../../network/filter.ts';
import { hostOf } from '../../../../network/address.ts';
import { connectionContext } from '../../../../network/log_context.ts';
import { bytes, sizeOf, type Payload } from '../../../../network/payload.ts';
import type { RouterServices } from '../../../../router/router_services.ts';
import type { Cluster } from '../../../../upstream/cluster.ts';
import type { PoolFailure, TcpConnection } from '../../../../upstream/tcp_conn_pool.ts';
import type { TcpProxyConfig, TcpRoute } from './config.ts';
import type { TunnelStream } from './tunnel_stream.ts';

interface Early {
  readonly payload: Payload;
  readonly endStream: boolean;
}

type TunnelHead = NonNullable<ReturnType<TunnelStream['read']>['head']>;

/** Passes the bytes of one connection to an upstream and back: source/common/tcp_proxy/tcp_proxy.cc. */
export class TcpProxy implements NetworkFilter {
  readonly #config: TcpProxyConfig;
  readonly #services: RouterServices;
  readonly #connection: NetworkConnection;
  #cluster: Cluster | undefined;
  #upstream: TcpConnection | undefined;
  #isConnected = false;
  #tunnel: TunnelStream | undefined;
  /** What the client said before there was an upstream. */
  #early: Early[] = [];
  #earlyBytes = 0;
  #hasStarted = false;
  #attempts = 0;
  #idleTimer: Timer | undefined;
  #durationTimer: Timer | undefined;
  #logTimer: Timer | undefined;
  #backoffTimer: Timer | undefined;
  #hasUpstreamEnd = false;

  constructor(config: TcpProxyConfig, services: RouterServices, connection: NetworkConnection) {
    this.#config = config;
    this.#services = services;
    this.#connection = connection;
    connection.enableHalfClose();
    // Nothing is read until there is somebody to write it to, unless it may be kept till then.
    if (config.maxEarlyBytes === undefined) connection.readDisable(true);
    this.#count('downstream_cx_total');
  }

  onNewConnection(): NetworkFilterStatus {
    const { maxDurationMs, logIntervalMs, connectMode, maxEarlyBytes } = this.#config;
    if (this.#config.logsOnStart) this.#log('TcpConnectionStart');
    if (maxDurationMs !== undefined)
      this.#durationTimer = this.#timer('max_downstream_connection_duration', maxDurationMs, () => {
        this.#count('max_downstream_connection_duration');
        this.#connection.addFlag('DT');
        this.#connection.close();
      });
    if (logIntervalMs !== undefined) this.#logAgain(logIntervalMs);
    // A connection without TLS has no handshake to wait for.
    const isAwaited = connectMode === 'ON_DOWNSTREAM_TLS_HANDSHAKE' && this.#connection.facts.tls !== undefined;
    if (connectMode !== 'ON_DOWNSTREAM_DATA' && !isAwaited) this.#start();
    return maxEarlyBytes === undefined ? 'stop_iteration' : 'continue';
  }

  onSecured(): void {
    if (this.#config.connectMode === 'ON_DOWNSTREAM_TLS_HANDSHAKE') this.#start();
  }

  #start(): void {
    if (this.#hasStarted) return;
    this.#hasStarted = true;
    this.#connect(this.#config.pickRoute(this.#connection));
  }

  onData(payload: Payload, endStream: boolean): NetworkFilterStatus {
    this.#rearmIdleTimer();
    this.#count('downstream_cx_rx_bytes_total', sizeOf(payload));
    if (this.#isConnected) this.#pass({ payload, endStream });
    else this.#keep({ payload, endStream });
    return 'stop_iteration';
  }

  /** Bytes that come before there is an upstream, which they may be what it waits for. */
  #keep(early: Early): void {
    const { maxEarlyBytes = 0 } = this.#config;
    const size = sizeOf(early.payload);
    if (size > 0 && this.#earlyBytes === 0) this.#count('early_data_received_count_total');
    this.#early.push(early);
    if (this.#earlyBytes <= maxEarlyBytes && this.#earlyBytes + size > maxEarlyBytes)
      this.#connection.readDisable(true);
    this.#earlyBytes += size;
    if (size > 0 && this.#config.connectMode === 'ON_DOWNSTREAM_DATA') this.#start();
  }

  #pass({ payload, endStream }: Early): void {
    if (payload.kind !== 'bytes' || payload.text !== '') {
      this.#countBytes(sizeOf(payload), 0);
      this.#upstream?.write(
        this.#tunnel && payload.kind === 'bytes' ? bytes(this.#tunnel.encode(payload.text)) : payload,
      );
    }
    if (!endStream) return;
    const trailer = this.#tunnel?.trailer ?? '';
    if (trailer === '') this.#upstream?.end();
    else this.#upstream?.write(bytes(trailer));
  }

  onClose(by: CloseEvent): void {
    for (const timer of [this.#idleTimer, this.#durationTimer, this.#logTimer, this.#backoffTimer]) timer?.cancel();
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
    this.#connection.streamFacts.attempted(host);
    this.#countBytes(0, 0);
    this.#tell(
      'host_chosen',
      true,
      route,
      `Attempt ${this.#attempts}: the cluster \`${cluster.name}\` picks ${host.address}.`,
    );
    const { remoteAddress, localAddress } = this.#connection.facts;
    const tlvs = this.#config.tlvs(this.#connection, this.#context());
    // What the connection upstream would call its client is the upstream itself.
    const context = { ...this.#context(), remoteAddress: host.address, directRemoteAddress: host.address };
    this.#upstream = cluster.tcpConnect(
      host,
      { downstream: { remoteAddress, localAddress, tlvs, context } },
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
    if (tunnel) {
      this.#tunnel = tunnel.open(this.#connection, this.#context());
      return this.#upstream!.write(bytes(this.#tunnel.head));
    }
    if (logsOnConnected) this.#log('TcpUpstreamConnected');
    this.#open();
  }

  #open(): void {
    this.#isConnected = true;
    this.#rearmIdleTimer();
    for (const early of this.#early.splice(0)) this.#pass(early);
    const { maxEarlyBytes } = this.#config;
    if (maxEarlyBytes === undefined || this.#earlyBytes > maxEarlyBytes) this.#connection.readDisable(false);
  }

  #onFailure(reason: PoolFailure, transportFailure: string, route: TcpRoute): void {
    if (transportFailure !== '') this.#connection.log['transport_failure'] = transportFailure;
    if (reason !== 'local_connection_failure') this.#connection.addFlag('UF');
    this.#upstream = undefined;
    this.#tell(
      'upstream_failed',
      false,
      route,
      reason === 'timeout' ? 'There was no connection in time.' : `There is no connection: ${transportFailure}.`,
    );
    this.#again(route);
  }

  /** Another attempt, after a wait where one is asked for. */
  #again(route: TcpRoute): void {
    const waitMs = this.#attempts < this.#config.maxConnectAttempts ? this.#config.backoffMs() : 0;
    if (waitMs === 0) return this.#connect(route);
    this.#backoffTimer = this.#timer('tcp_proxy_backoff', waitMs, () => this.#connect(route));
  }

  #onUpstreamData(payload: Payload): void {
    this.#rearmIdleTimer();
    this.#countBytes(0, sizeOf(payload));
    if (!this.#tunnel || payload.kind !== 'bytes') return this.#write(payload);
    const { head, text, isOver } = this.#tunnel.read(payload.text);
    if (head && (head.status < 200 || head.status > 299)) return this.#refuseTunnel(head.status);
    if (head) this.#openTunnel(head);
    if (text !== '') this.#write(bytes(text));
    // An answer that is whole before its request is ends both.
    if (isOver) this.#connection.close();
  }

  #write(payload: Payload): void {
    this.#count('downstream_cx_tx_bytes_total', sizeOf(payload));
    this.#connection.write(payload);
  }

  #openTunnel({ status, headers }: TunnelHead): void {
    if (this.#config.tunnel!.node.flag('propagate_response_headers')) {
      const told = [[':status', String(status)], ...headers].map(([key, value]) => ({ key, value }));
      const key = 'envoy.tcp_proxy.propagate_response_headers';
      this.#connection.filterState.setObject(key, '', { message: { headers: told } });
    }
    if (this.#config.logsOnConnected) this.#log('TcpUpstreamConnected');
    this.#open();
  }

  #refuseTunnel(status: number): void {
    if (status > 0) this.#connection.log['transport_failure'] = `tunnel_response:${status}`;
    this.#services.trace?.record({
      kind: 'tunnel_refused',
      state: 'failed',
      because: this.#config.tunnel!.node.ref,
      sentence: `The upstream answers ${status} to the request that would open the tunnel.`,
    });
    this.#upstream?.close();
    this.#connection.addFlag('UF');
    this.#again(this.#config.pickRoute(this.#connection));
  }

  #onUpstreamClose(how: 'fin' | 'reset'): void {
    if (this.#tunnel && !this.#tunnel.isOpen) return this.#refuseTunnel(0);
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
    const idleTimeoutMs = this.#idleTimeoutMs;
    if (!this.#isConnected || idleTimeoutMs === 0) return;
    this.#idleTimer?.cancel();
    this.#idleTimer = this.#timer('idle_timeout', idleTimeoutMs, () => {
      this.#count('idle_timeout');
      this.#tell(
        'idle_timeout',
        false,
        undefined,
        `Nothing has moved for ${idleTimeoutMs} ms: the connection is closed.`,
      );
      this.#connection.close();
    });
  }

  /** A filter before may have set another for this connection. */
  get #idleTimeoutMs(): number {
    const own = this.#connection.filterState.get('envoy.tcp_proxy.per_connection_idle_timeout_ms');
    return own !== undefined && /^\d+$/.test(own) ? Number(own) : this.#config.idleTimeoutMs;
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
    const remote = hostOf(facts.remoteAddress);
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

  #count(name: string, by = 1): void {
    this.#services.stats.add(this.#config.statPrefix + name, by);
  }
}
