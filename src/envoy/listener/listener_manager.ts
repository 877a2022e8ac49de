import type { ConfigNode } from '../config_node.ts';
import type { InitManager } from '../init_manager.ts';
import { Listener } from './listener.ts';
import type { ListenerServices } from './listener_services.ts';

type ListenerManagerServices = Omit<ListenerServices, 'initManager'>;

/** The listeners by name. They come, change, drain and go while the proxy runs. */
export class ListenerManager {
  readonly #listeners = new Map<string, Listener>();
  readonly #services: ListenerManagerServices;

  constructor(services: ListenerManagerServices) {
    this.#services = services;
  }

  /** A listener ready to be put in place: made apart, so that it can warm while an older one of its name still serves. */
  create(node: ConfigNode, initManager: InitManager): Listener {
    return new Listener(node, { ...this.#services, initManager });
  }

  /** Puts a listener in place; an older one of its name takes no new connections from now on. */
  addOrUpdate(listener: Listener): void {
    this.#listeners.get(listener.name)?.drain();
    this.#listeners.set(listener.name, listener);
  }

  /** False where there is none of that name. */
  remove(name: string): boolean {
    this.#listeners.get(name)?.drain();
    return this.#listeners.delete(name);
  }

  get(name: string): Listener | undefined {
    return this.#listeners.get(name);
  }

  /** In the order in which they came. */
  values(): Iterable<Listener> {
    return this.#listeners.values();
  }

  /** The listener bound to the address; one on `0.0.0.0` takes what no other has. */
  find(address: string): Listener | undefined {
    let wildcard: Listener | undefined;
    for (const listener of this.#listeners.values()) {
      const fit = listener.fits(address);
      if (fit === 'exact') return listener;
      if (fit === 'wildcard') wildcard ??= listener;
    }
    return wildcard;
  }
}
