import type { StatsStore } from '../stats/store.ts';
import type { ClusterManager } from '../upstream/cluster_manager.ts';
import { clustersPage } from './clusters_page.ts';
import { TagProducer } from '../stats/tag_producer.ts';
import { endpointMetrics } from './endpoint_metrics.ts';
import { statsPage } from './stats_page.ts';
import { configDump } from './config_dump.ts';
import type { ConfigNode } from '../config_node.ts';

export interface AdminResponse {
  readonly status: number;
  readonly body: string;
}

export interface AdminServices {
  readonly bootstrap: ConfigNode;
  readonly stats: StatsStore;
  readonly clusters: ClusterManager;
  /** Brings what is only looked at up to date. */
  readonly refreshStats: () => void;
}

type Endpoint = (query: URLQuery) => AdminResponse;
type URLQuery = ReadonlyMap<string, string>;

const OK = (body: string): AdminResponse => ({ status: 200, body });

/** The admin interface: the endpoints that tell of the simulated proxy, in their own formats (docs/operations/admin). */
export class Admin {
  readonly #services: AdminServices;
  readonly #tags: TagProducer;
  #isDraining = false;

  constructor(services: AdminServices) {
    this.#services = services;
    this.#tags = new TagProducer(services.bootstrap.child('stats_config'));
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  request(target: string, method: string): AdminResponse {
    const mark = target.indexOf('?');
    const [path, search] = mark < 0 ? [target, ''] : [target.slice(0, mark), target.slice(mark + 1)];
    const endpoint = this.#endpoints[path];
    if (!endpoint)
      return {
        status: 404,
        body: `invalid path. admin commands are:\n${Object.keys(this.#endpoints)
          .map((one) => `  ${one}\n`)
          .join('')}`,
      };
    if (CHANGING.has(path) && method !== 'POST')
      return { status: 405, body: `Method ${method} not allowed, POST required.` };
    return endpoint(queryOf(search));
  }

  readonly #endpoints: Readonly<Record<string, Endpoint>> = {
    '/clusters': () => OK(clustersPage(this.#services.clusters)),
    '/config_dump': () => OK(JSON.stringify(configDump(this.#services.bootstrap), null, 1)),
    '/healthcheck/fail': () => this.#drain(true),
    '/healthcheck/ok': () => this.#drain(false),
    '/ready': () => (this.#isDraining ? { status: 503, body: 'DRAINING\n' } : OK('LIVE\n')),
    '/reset_counters': () => {
      this.#services.stats.resetCounters();
      return OK('OK\n');
    },
    '/stats': (query) => this.#showStats(query),
    '/stats/prometheus': (query) => this.#showStats(new Map([...query, ['format', 'prometheus']])),
  };

  #showStats(query: URLQuery): AdminResponse {
    this.#services.refreshStats();
    const { bootstrap, stats, clusters } = this.#services;
    const page = statsPage({ stats, tags: this.#tags, endpoints: endpointMetrics(clusters) }, query);
    // What the page shows is from before: the workers' values are merged while it is written.
    if (bootstrap.flag('stats_flush_on_admin')) stats.flush();
    return page;
  }

  #drain(isDraining: boolean): AdminResponse {
    this.#isDraining = isDraining;
    return OK('OK\n');
  }
}

const CHANGING = new Set(['/healthcheck/fail', '/healthcheck/ok', '/reset_counters']);

function queryOf(search: string): URLQuery {
  const pairs = search
    .split('&')
    .filter((one) => one !== '')
    .map((one) => one.split('='));
  return new Map(pairs.map(([name = '', ...value]) => [name, unescaped(value.join('='))]));
}

const unescaped = (text: string): string =>
  text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
