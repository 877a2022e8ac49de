import { compileRe2, regexFault } from '../matching/re2.ts';
import type { Api, JsonObject } from '#api';
import type { Dispatcher } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { ListenerManager } from '../listener/listener_manager.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { StatsStore } from '../stats/store.ts';
import { TagProducer } from '../stats/tag_producer.ts';
import { ADMIN_COMMANDS, helpText } from './admin_commands.ts';
import type { AdminResponse } from './admin_response.ts';
import { clustersJson, clustersPage, type ListedCluster } from './clusters_page.ts';
import { configDumpPage } from './config_dump_page.ts';
import type { DynamicResources } from './dynamic_resources.ts';
import { endpointMetrics } from './endpoint_metrics.ts';
import { listenersPage } from './listeners_page.ts';
import { Logging } from './logging.ts';
import type { CommandLineOptions } from './options.ts';
import { serverInfo } from './server_info.ts';
import type { ServerStats } from './server_stats.ts';
import { statsPage } from './stats_page.ts';

export interface AdminServices {
  readonly api: Api;
  readonly bootstrap: ConfigNode;
  readonly stats: StatsStore;
  readonly resources: DynamicResources;
  readonly listeners: () => ListenerManager;
  readonly runtime: Runtime;
  readonly options: CommandLineOptions;
  readonly nowMs: () => number;
  readonly serverStats: ServerStats;
  readonly dispatcher: Dispatcher;
}

type Endpoint = (query: URLQuery) => AdminResponse;
type URLQuery = ReadonlyMap<string, string>;

const OK = (body: string): AdminResponse => ({ status: 200, body });
const json = (value: JsonObject): AdminResponse => OK(`${JSON.stringify(value, null, 1)}\n`);
const NO_HEAP_PROFILER: Endpoint = () => ({ status: 501, body: 'The current build does not support heap profiler' });
/** The profiler of the CPU is there, and has nowhere to write. */
const cpuProfiler: Endpoint = (query) => {
  const isOn = query.get('enable') === 'y';
  if (query.size !== 1 || !['y', 'n'].includes(query.get('enable') ?? ''))
    return { status: 400, body: '?enable=<y|n>\n' };
  return isOn ? { status: 500, body: 'failure to start the profiler' } : OK('OK\n');
};

/** The admin interface: the endpoints that tell of the simulated proxy, in their own formats (docs/operations/admin). */
export class Admin {
  readonly #services: AdminServices;
  readonly #tags: TagProducer;
  readonly #logging: Logging;
  #isDraining = false;

  constructor(services: AdminServices) {
    this.#services = services;
    this.#tags = new TagProducer(services.bootstrap.child('stats_config'));
    this.#logging = new Logging(services.options.logLevel);
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  request(target: string, method: string): AdminResponse {
    const mark = target.indexOf('?');
    const [path, search] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
    const command = ADMIN_COMMANDS.find((one) => one.path === path.replace(/\/+/g, '/'));
    const endpoint = this.#endpoints[command?.path ?? ''];
    if (!command || !endpoint) return { status: 404, body: `invalid path. ${helpText()}` };
    if (command.isPost && method !== 'POST')
      return { status: 405, body: `Method ${method} not allowed, POST required.` };
    return endpoint(queryOf(search));
  }

  readonly #endpoints: Readonly<Record<string, Endpoint>> = {
    '/': () => OK(homePage()),
    '/allocprofiler': () => OK('OK\n'),
    '/certs': () => json({ certificates: [] }),
    '/clusters': (query) => this.#showClusters(query),
    '/config_dump': (query) => configDumpPage(this.#services, query),
    '/contention': () =>
      OK('Mutex contention tracing is not enabled. To enable, run Envoy with flag --enable-mutex-tracing.'),
    '/cpuprofiler': cpuProfiler,
    '/drain_listeners': (query) => this.#drainListeners(query),
    '/healthcheck/fail': () => this.#drain(true),
    '/healthcheck/ok': () => this.#drain(false),
    '/heap_dump': NO_HEAP_PROFILER,
    '/heapprofiler': NO_HEAP_PROFILER,
    '/help': () => OK(helpText()),
    '/hot_restart_version': () => OK('11.104'),
    '/init_dump': (query) => this.#showInit(query),
    '/listeners': (query) => OK(listenersPage(this.#services.listeners(), query.get('format') === 'json')),
    '/logging': (query) => this.#logging.request(query),
    '/memory': () => json(MEMORY),
    '/peak_heap_dump': NO_HEAP_PROFILER,
    '/quitquitquit': () => OK('OK\n'),
    '/ready': () => this.#showReady(),
    '/reopen_logs': () => OK('OK\n'),
    '/reset_counters': () => {
      this.#services.stats.resetCounters();
      return OK('OK\n');
    },
    '/runtime': () => json(this.#services.runtime.dump()),
    '/runtime_modify': (query) => this.#modifyRuntime(query),
    '/server_info': () => this.#showInfo(),
    '/stats': (query) => this.#showStats(query),
    '/stats/prometheus': (query) => this.#showStats(new Map([...query, ['format', 'prometheus']])),
    '/stats/recentlookups': () => OK('Lookup tracking is not enabled. Use /stats/recentlookups/enable to enable.\n'),
    '/stats/recentlookups/clear': () => OK('OK\n'),
    '/stats/recentlookups/disable': () => OK('OK\n'),
    '/stats/recentlookups/enable': () => OK('OK\n'),
  };

  #state(): string {
    if (this.#isDraining) return 'DRAINING';
    return this.#services.resources.isLive ? 'LIVE' : 'INITIALIZING';
  }

  #showReady(): AdminResponse {
    const state = this.#state();
    return { status: state === 'LIVE' ? 200 : 503, body: `${state}\n` };
  }

  #showInfo(): AdminResponse {
    const { bootstrap, options, nowMs } = this.#services;
    return json(serverInfo(bootstrap, options, { state: this.#state(), uptimeMs: nowMs() }));
  }

  #showClusters(query: URLQuery): AdminResponse {
    const { clusters, clusterWarming } = this.#services.resources;
    const filter = query.get('filter');
    const keeps = filter === undefined ? () => true : finder(filter);
    if (!keeps) return { status: 400, body: 'Invalid re2 regex' };
    const listed: ListedCluster[] = [...clusters.values()]
      .filter(({ name }) => keeps(name))
      .map((cluster) => ({ cluster, isAddedViaApi: clusterWarming.versionOf(cluster) !== undefined }));
    return query.get('format') === 'json' ? json(clustersJson(listed)) : OK(clustersPage(listed));
  }

  /** What is still waited for, by whoever waits. */
  #showInit(query: URLQuery): AdminResponse {
    const { resources } = this.#services;
    const server = resources.isLive ? [] : [['init manager Server', resources.initManager.unready()] as const];
    const listeners = resources.listenerWarming
      .unready()
      .map(([name, targets]) => [`init manager Listener-local-init-manager ${name}`, targets] as const);
    const kept = query.get('mask') === 'listener' ? listeners : [...server, ...listeners];
    const dumps = kept.filter(([, targets]) => targets.length > 0);
    return json(
      dumps.length === 0
        ? {}
        : {
            unready_targets_dumps: dumps.map(([name, targets]) => ({
              name,
              target_names: targets,
            })),
          },
    );
  }

  #drainListeners(query: URLQuery): AdminResponse {
    if (query.has('skip_exit')) return OK('OK\n');
    const { resources, dispatcher, options } = this.#services;
    const stop = (): void => resources.listenerWarming.stop(query.has('inboundonly'));
    if (query.has('graceful')) dispatcher.createTimer('drain_listeners', options.drainTimeMs, stop);
    else stop();
    return OK('OK\n');
  }

  #modifyRuntime(query: URLQuery): AdminResponse {
    if (query.size === 0) return { status: 400, body: MODIFY_USAGE };
    return this.#services.runtime.modify(query) ? OK('OK\n') : { status: 503, body: 'No admin layer specified' };
  }

  #showStats(query: URLQuery): AdminResponse {
    this.#services.serverStats.refresh();
    const { bootstrap, stats, resources } = this.#services;
    const page = statsPage({ stats, tags: this.#tags, endpoints: endpointMetrics(resources.clusters) }, query);
    // What the page shows is from before: the workers' values are merged while it is written.
    if (bootstrap.flag('stats_flush_on_admin')) stats.flush();
    return page;
  }

  #drain(isDraining: boolean): AdminResponse {
    this.#isDraining = isDraining;
    this.#services.serverStats.setHealthy(!isDraining);
    return OK('OK\n');
  }
}

const MODIFY_USAGE = `usage: /runtime_modify?key1=value1&key2=value2&keyN=valueN
       or send the parameters as form values
use an empty value to remove a previously added override`;

/** There is no allocator to ask: the numbers say that nothing is used. */
const MEMORY: JsonObject = Object.fromEntries(
  ['allocated', 'heap_size', 'pageheap_unmapped', 'pageheap_free', 'total_thread_cache', 'total_physical_bytes'].map(
    (name) => [name, '0'],
  ),
);

/** Undefined for what is no regular expression. */
function finder(pattern: string): ((name: string) => boolean) | undefined {
  if (regexFault(pattern)) return undefined;
  const compiled = compileRe2(pattern);
  return (name) => compiled.matcher(name).find();
}

const homePage = (): string =>
  `<!DOCTYPE html>\n<html lang='en'>\n<head>\n  <title>Envoy Admin</title>\n</head>\n<body>\n${ADMIN_COMMANDS.filter(
    ({ path }) => path !== '/',
  )
    .map(({ path, help }) => `  <a href='${path.slice(1)}'>${path.slice(1)}</a> ${help}\n`)
    .join('')}</body>\n</html>\n`;

function queryOf(search: string): URLQuery {
  const pairs = search
    .split('&')
    .filter((one) => one !== '')
    .map((one) => one.split('='));
  return new Map(pairs.map(([name = '', ...value]) => [name, unescaped(value.join('='))]));
}

const unescaped = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
