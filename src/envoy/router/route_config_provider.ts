import type { ConfigNode } from '../config_node.ts';
import type { InitManager } from '../init_manager.ts';
import type { RouteConfig } from './route_config.ts';
import type { Scopes } from './scopes.ts';

/** Where a connection manager gets its routes from, stream by stream; undefined while there are none. */
export interface RouteConfigProvider {
  readonly current: RouteConfig | undefined;
  /** Where each request picks its own: whenever a route is looked for, the scope is looked for first. */
  readonly scopes?: Scopes;
  /** To be called when the connection manager is gone. */
  release(): void;
}

/** Hands out the providers, from the connection manager's own lines or over RDS. */
export interface RouteConfigs {
  providerOf(manager: ConfigNode, statPrefix: string, initManager: InitManager): RouteConfigProvider;
}
