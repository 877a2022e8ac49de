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
import type { ExtensionConfigProvider } from './extension_config.ts';
import { missingConfigFilter } from './missing_config_filter.ts';
import type { Stream } from './stream.ts';

interface Link {
  readonly name: string;
  readonly node: ConfigNode;
  readonly factory: HttpFilterFactory;
  readonly compiled: CompiledFilter<unknown>;
  readonly isDisabled: boolean;
}

/** A filter whose configuration comes over ECDS. */
interface DiscoveredLink {
  /** Its lines in the filter chain. */
  readonly filter: ConfigNode;
  readonly name: string;
  readonly provider: ExtensionConfigProvider;
}

type CallbacksOf = (name: string, node: ConfigNode) => FilterCallbacks;
type StreamFilter = { name: string; node: ConfigNode; filter: HttpFilter };

const ROUTER = '.filters.http.router.v3.Router';

/** The HTTP filters of a connection manager before its router, compiled. */
export class FilterChainFactory {
  readonly #links: readonly (Link | DiscoveredLink)[];
  readonly #registry: FilterRegistry;
  readonly #context: FactoryContext;
  readonly #perRoute = new WeakMap<object, unknown>();
  /** Compiled when the first stream meets it, by what came. */
  readonly #discovered = new WeakMap<object, Link | undefined>();

  constructor(nodes: readonly ConfigNode[], registry: FilterRegistry, context: FactoryContext) {
    this.#context = context;
    this.#registry = registry;
    this.#links = nodes.flatMap((node): (Link | DiscoveredLink)[] => {
      if (node.has('config_discovery')) {
        const provider = context.extensionConfigs.providerOf(node, context.initManager);
        return [{ filter: node, name: node.text('name') ?? '', provider }];
      }
      const config = node.child('typed_config');
      const link = config && this.#compile(node, config);
      return link ? [link] : [];
    });
  }

  /** Undefined for the router, and for what is not simulated. */
  #compile(node: ConfigNode, config: ConfigNode): Link | undefined {
    const type = config.text('@type') ?? '';
    const factory = this.#registry.get(type.slice(type.lastIndexOf('/') + 1));
    if (!factory || type.endsWith(ROUTER)) return undefined;
    return {
      name: node.text('name') ?? '',
      node: config,
      factory,
      compiled: factory.compile(config, this.#context),
      isDisabled: node.flag('disabled'),
    };
  }

  /** The filters of one stream, without those that its route switches off. */
  create(stream: Stream, callbacksOf: CallbacksOf): StreamFilter[] {
    return this.#links.flatMap((link) => {
      if ('provider' in link) return this.#createDiscovered(link, stream, callbacksOf);
      return this.#createOne(link, stream, callbacksOf);
    });
  }

  #createOne(link: Link, stream: Stream, callbacksOf: CallbacksOf): StreamFilter | [] {
    const perRoute = this.#perRouteOf(link, stream);
    if (perRoute === 'disabled' || (link.isDisabled && perRoute === undefined)) return [];
    const own = perRoute === 'enabled' ? undefined : perRoute;
    return { name: link.name, node: link.node, filter: link.compiled(callbacksOf(link.name, link.node), own) };
  }

  #createDiscovered(
    { filter, name, provider }: DiscoveredLink,
    stream: Stream,
    callbacksOf: CallbacksOf,
  ): StreamFilter | [] {
    const { current } = provider;
    if (!current) return { name, node: filter, filter: missingConfigFilter(name, filter, callbacksOf(name, filter)) };
    if (!this.#discovered.has(current.value)) this.#discovered.set(current.value, this.#compile(filter, current));
    const link = this.#discovered.get(current.value);
    return link ? this.#createOne(link, stream, callbacksOf) : [];
  }

  /** The connection manager is gone. */
  release(): void {
    for (const link of this.#links) if ('provider' in link) link.provider.release();
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
  return [stream.choice?.weighted?.node, stream.route?.node, host?.node, stream.routeConfig?.node];
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
