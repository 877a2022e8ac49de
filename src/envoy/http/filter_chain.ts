import type { ConfigNode } from '../config_node.ts';
import type { VirtualHost } from '../router/virtual_host.ts';
import type {
  CompiledFilter,
  FactoryContext,
  FilterCallbacks,
  FilterRegistry,
  HttpFilter,
  HttpFilterFactory,
} from './filter.ts';
import type { Stream } from './stream.ts';

interface Link {
  readonly name: string;
  readonly node: ConfigNode;
  readonly factory: HttpFilterFactory;
  readonly compiled: CompiledFilter<unknown>;
  readonly isDisabled: boolean;
}

const ROUTER = '.filters.http.router.v3.Router';

/** The HTTP filters of a connection manager before its router, compiled. */
export class FilterChainFactory {
  readonly #links: readonly Link[];
  readonly #context: FactoryContext;
  readonly #perRoute = new WeakMap<object, unknown>();

  constructor(nodes: readonly ConfigNode[], registry: FilterRegistry, context: FactoryContext) {
    this.#context = context;
    this.#links = nodes.flatMap((node) => {
      const config = node.child('typed_config');
      const type = config?.text('@type') ?? '';
      const factory = registry.get(type.slice(type.lastIndexOf('/') + 1));
      if (!config || !factory || type.endsWith(ROUTER)) return [];
      return [
        {
          name: node.text('name') ?? '',
          node: config,
          factory,
          compiled: factory.compile(config, context),
          isDisabled: node.flag('disabled'),
        },
      ];
    });
  }

  /** The filters of one stream, without those that its route switches off. */
  create(
    stream: Stream,
    callbacksOf: (name: string) => FilterCallbacks,
  ): { name: string; node: ConfigNode; filter: HttpFilter }[] {
    return this.#links.flatMap((link) => {
      const perRoute = this.#perRouteOf(link, stream);
      if (perRoute === 'disabled' || (link.isDisabled && perRoute === undefined)) return [];
      const own = perRoute === 'enabled' ? undefined : perRoute;
      return [{ name: link.name, node: link.node, filter: link.compiled(callbacksOf(link.name), own) }];
    });
  }

  #perRouteOf(link: Link, stream: Stream): unknown {
    for (const node of levelsOf(stream)) {
      const config = node?.child('typed_per_filter_config')?.child(link.name);
      if (!config) continue;
      const isWrapped = config.text('@type')?.endsWith('.FilterConfig') === true;
      if (isWrapped && config.flag('disabled')) return 'disabled';
      const own = isWrapped ? config.child('config') : config;
      const hasOwn = own !== undefined && (!isWrapped || own.text('@type') !== undefined);
      return hasOwn && link.factory.compilePerRoute ? this.#compiled(own, link.factory) : 'enabled';
    }
    return undefined;
  }

  #compiled(config: ConfigNode, factory: HttpFilterFactory): unknown {
    const known = this.#perRoute.get(config.value);
    if (known !== undefined) return known;
    const compiled = factory.compilePerRoute!(config, this.#context);
    this.#perRoute.set(config.value, compiled);
    return compiled;
  }
}

/** The most specific first. */
function levelsOf(stream: Stream): (ConfigNode | undefined)[] {
  const host: VirtualHost | undefined = stream.virtualHost;
  return [stream.route?.node, host?.node, stream.routeConfig?.node];
}

/** All levels that configure a filter, the widest first: for filters that run every one of them. */
export function perRouteLevels(
  stream: Pick<Stream, 'route' | 'virtualHost' | 'routeConfig'>,
  name: string,
): ConfigNode[] {
  return levelsOf(stream as Stream)
    .toReversed()
    .flatMap((node) => node?.child('typed_per_filter_config')?.child(name) ?? [])
    .flatMap((node) => (node.text('@type')?.endsWith('.FilterConfig') === true ? (node.child('config') ?? []) : node));
}
