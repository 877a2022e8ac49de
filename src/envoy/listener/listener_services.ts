import type { NetworkFilterRegistry } from '../network/filter.ts';
import type { ListenerFilterRegistry } from '../network/listener_filter.ts';
import type { RouterServices } from '../router/router_services.ts';

/** What the listeners of a proxy share. */
export interface ListenerServices extends RouterServices {
  readonly networkFilters: NetworkFilterRegistry;
  readonly listenerFilters: ListenerFilterRegistry;
}
