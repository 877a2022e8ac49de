import type { ConfigNode } from '../config_node.ts';
import { InitManager, InitTarget } from '../init_manager.ts';
import type { Runtime } from '../runtime/runtime.ts';
import type { Trace } from '../trace.ts';
import type { DecodedResource, Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionFactory } from './subscription_factory.ts';

interface Services {
  readonly factory: SubscriptionFactory;
  readonly runtime: Runtime;
  readonly trace: Trace | undefined;
}

/** One layer of the runtime over RTDS: runtime_impl.cc, RtdsSubscription. */
class RtdsSubscription implements SubscriptionCallbacks {
  readonly initTarget: InitTarget;
  readonly #layer: string;
  /** What the resource is called. */
  readonly #name: string;
  readonly #services: Services;

  constructor(layer: ConfigNode, services: Services) {
    const rtds = layer.child('rtds_layer')!;
    this.#services = services;
    this.#layer = layer.text('name') ?? '';
    this.#name = rtds.text('name') ?? '';
    const subscription: Subscription = services.factory.create(rtds.child('rtds_config')!, 'rtds', 'runtime.', this);
    this.initTarget = new InitTarget(`target RTDS ${this.#name}`, () => subscription.start([this.#name]));
  }

  onConfigUpdate(resources: readonly DecodedResource[]): string | undefined {
    const [resource] = resources;
    if (!resource || resources.length > 1) return `Unexpected RTDS resource length: ${resources.length}`;
    if (resource.name !== this.#name) return `Unexpected RTDS runtime (expecting ${this.#name}): ${resource.name}`;
    if (resource.problem !== undefined) return resource.problem;
    this.#set(resource.node.child('layer'), resource.node);
    return undefined;
  }

  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[]): string | undefined {
    if (removed.length === 0) return this.onConfigUpdate(added);
    if (removed.length > 1 || removed[0] !== this.#name)
      return `Unexpected removal of unknown RTDS runtime layer ${removed[0]}`;
    this.#set(undefined, undefined);
    return undefined;
  }

  #set(values: ConfigNode | undefined, cause: ConfigNode | undefined): void {
    this.#services.runtime.setLayer(this.#layer, values?.value ?? {});
    this.#services.trace?.record({
      kind: 'runtime_layer_changed',
      state: 'info',
      ...(cause ? { because: cause.ref } : {}),
      sentence: `The runtime layer \`${this.#layer}\` has other values from now on.`,
    });
    this.initTarget.ready();
  }

  onConfigUpdateFailed(): void {
    this.initTarget.ready();
  }
}

/** The layers of the runtime that come over RTDS; nothing that asks the runtime starts before all of them have come. */
export class RuntimeLayers {
  readonly #initManager = new InitManager();

  constructor(bootstrap: ConfigNode, services: Services) {
    for (const layer of bootstrap.child('layered_runtime')?.list('layers') ?? [])
      if (layer.has('rtds_layer')) this.#initManager.add(new RtdsSubscription(layer, services).initTarget);
  }

  start(onReady: () => void): void {
    this.#initManager.initialize(onReady);
  }
}
