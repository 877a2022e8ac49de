import type { Dispatcher, Timer } from '#sim';
import type { StatsStore } from '../stats/store.ts';

interface Pending {
  lastUpdatedMs: number;
  timer: Timer | undefined;
}

/**
 * When the workers are told that a cluster changed: cluster_manager_impl.cc, scheduleUpdate. Endpoints that come or go are
 * told at once; what only concerns their health or weight is gathered for a while.
 */
export class UpdateMerge {
  readonly #pending = new WeakMap<object, Pending>();
  readonly #dispatcher: Dispatcher;
  readonly #stats: StatsStore;

  constructor(dispatcher: Dispatcher, stats: StatsStore) {
    this.#dispatcher = dispatcher;
    this.#stats = stats;
  }

  onUpdate(cluster: object, { isMergeable, windowMs }: { isMergeable: boolean; windowMs: number }): void {
    const pending = this.#pending.get(cluster) ?? { lastUpdatedMs: -Infinity, timer: undefined };
    this.#pending.set(cluster, pending);
    const isLate = this.#dispatcher.nowMs - pending.lastUpdatedMs > windowMs;
    if (windowMs === 0 || isLate || !isMergeable) return this.#tell(pending, isMergeable);
    pending.timer ??= this.#dispatcher.createTimer('update_merge', windowMs, () => {
      pending.timer = undefined;
      pending.lastUpdatedMs = this.#dispatcher.nowMs;
      this.#stats.add('cluster_manager.cluster_updated_via_merge');
    });
  }

  #tell(pending: Pending, isMergeable: boolean): void {
    if (isMergeable) this.#stats.add('cluster_manager.update_out_of_merge_window');
    if (pending.timer) {
      pending.timer.cancel();
      pending.timer = undefined;
      this.#stats.add('cluster_manager.update_merge_cancelled');
    }
    pending.lastUpdatedMs = this.#dispatcher.nowMs;
    this.#stats.add('cluster_manager.cluster_updated');
  }
}
