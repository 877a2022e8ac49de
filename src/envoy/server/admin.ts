import type { StatsStore } from '../stats/store.ts';
import type { ClusterManager } from '../upstream/cluster_manager.ts';
import { clustersPage } from './clusters_page.ts';
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
}

type Endpoint = (query: URLQuery) => AdminResponse;
type URLQuery = ReadonlyMap<string, string>;

const OK = (body: string): AdminResponse => ({ status: 200, body });

/** The admin interface: the endpoints that tell of the simulated proxy, in their own formats (docs/operations/admin). */
export class Admin {
  readonly #services: AdminServices;
  #isDraining = false;

  constructor(services: AdminServices) {
    this.#services = services;
  }

  get isDraining(): boolean {
    return this.#isDraining;
  }

  request(target: string, method: string): AdminResponse {
    const [path = '', search = ''] = target.split('?');
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
    '/stats': (query) => OK(statsPage(this.#services.stats, query)),
  };

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

/** `/stats`: `name: value`, in alphabetical order, by a regular expression and by use. */
function statsPage(stats: StatsStore, query: URLQuery): string {
  const filter = query.get('filter');
  const pattern = filter === undefined ? undefined : new RegExp(filter);
  const isUsedOnly = query.has('usedonly');
  const lines = [...stats.all()].filter(
    ([name]) => (pattern?.test(name) ?? true) && (!isUsedOnly || stats.isUsed(name)),
  );
  return lines
    .map(([name, value]) => `${name}: ${value}\n`)
    .sort()
    .join('');
}
