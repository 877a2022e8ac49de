import type { ConfigNode } from '../config_node.ts';
import { FilterChainFactory } from './filter_chain.ts';
import type { FactoryContext, FilterRegistry } from './filter.ts';
import type { HeaderMap } from './header_map.ts';
import type { Stream } from './stream.ts';

/** The protocol that a client wants to switch to: CONNECT, or what both headers say. */
export function upgradeOf(headers: HeaderMap): string | undefined {
  if (headers.get(':method') === 'CONNECT') return 'CONNECT';
  return isUpgrade(headers) ? headers.get('upgrade') : undefined;
}

/** Simplified: an offer of h2c is passed over, as Envoy does that does not take it. */
export const isUpgrade = (headers: HeaderMap): boolean =>
  headers.has('upgrade') &&
  headers.get('upgrade')!.toLowerCase() !== 'h2c' &&
  /(^|,\s*)upgrade($|,)/i.test(headers.get('connection') ?? '');

export const isWebsocket = (upgrade: string | undefined): boolean => upgrade?.toLowerCase() === 'websocket';

const typeOf = (node: ConfigNode): string => node.text('upgrade_type')?.toLowerCase() ?? '';

/** Which protocols a stream may switch to, and the filters it then passes: createUpgradeFilterChain in http_connection_manager/config.cc. */
export class Upgrades {
  readonly #configs: ReadonlyMap<string, ConfigNode>;
  readonly #filters: ReadonlyMap<string, FilterChainFactory>;

  constructor(nodes: readonly ConfigNode[], registry: FilterRegistry, context: FactoryContext) {
    this.#configs = new Map(nodes.map((node) => [typeOf(node), node]));
    const own = nodes.filter((node) => node.has('filters'));
    this.#filters = new Map(
      own.map((node) => [typeOf(node), new FilterChainFactory(node.list('filters'), registry, context)]),
    );
  }

  /** The lines that allow it or not; the route has the first word. */
  allows(stream: Stream): { readonly isAllowed: boolean; readonly because: ConfigNode | undefined } {
    const type = stream.upgrade!.toLowerCase();
    const ofRoute = stream.route?.action?.list('upgrade_configs').find((node) => typeOf(node) === type);
    const because = ofRoute ?? this.#configs.get(type);
    return { isAllowed: because !== undefined && because.raw('enabled') !== false, because };
  }

  release(): void {
    for (const filters of this.#filters.values()) filters.release();
  }

  filtersFor(stream: Stream): FilterChainFactory | undefined {
    return this.#filters.get(stream.upgrade!.toLowerCase());
  }
}
