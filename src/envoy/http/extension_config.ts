import type { ConfigNode } from '../config_node.ts';
import type { InitManager } from '../init_manager.ts';

/** The configuration of one filter that comes over ECDS, as it is now; undefined while there is none. */
export interface ExtensionConfigProvider {
  readonly current: ConfigNode | undefined;
  /** To be called when the filter chain is gone. */
  release(): void;
}

/** Hands out the providers for filters with a `config_discovery`. */
export interface ExtensionConfigs {
  providerOf(filter: ConfigNode, initManager: InitManager): ExtensionConfigProvider;
}
