import type { ConfigRef } from '#source';
import type { XdsType } from '#xds';
import type { FileSystem } from '../seams.ts';
import type { Trace } from '../trace.ts';
import type { ResourceReader } from './resource_reader.ts';
import type { Subscription, SubscriptionCallbacks } from './subscription.ts';
import type { SubscriptionStats } from './subscription_stats.ts';

/** Resources from a file, read anew when it is moved into place: filesystem_subscription_impl.cc. */
export class FileSubscription implements Subscription {
  readonly #path: string;
  readonly #type: XdsType;
  readonly #callbacks: SubscriptionCallbacks;
  readonly #files: FileSystem;
  readonly #reader: ResourceReader;
  readonly #stats: SubscriptionStats;
  readonly #trace: Trace | undefined;
  /** A change below this path makes it look again. */
  readonly #watched: string;
  #unwatch: (() => void) | undefined;

  constructor(
    place: { path: string; watchedDirectory: string | undefined; type: XdsType },
    callbacks: SubscriptionCallbacks,
    owner: { files: FileSystem; reader: ResourceReader; stats: SubscriptionStats; trace: Trace | undefined },
  ) {
    this.#path = place.path;
    this.#watched = place.watchedDirectory ?? place.path;
    this.#type = place.type;
    this.#callbacks = callbacks;
    this.#files = owner.files;
    this.#reader = owner.reader;
    this.#stats = owner.stats;
    this.#trace = owner.trace;
  }

  start(): void {
    this.#unwatch = this.#files.watch(this.#watched, () => this.#refresh());
    this.#refresh();
  }

  update(): void {
    this.#stats.count('update_attempt');
  }

  stop(): void {
    this.#unwatch?.();
  }

  #refresh(): void {
    this.#stats.count('update_attempt');
    const text = this.#files.read(this.#path);
    if (text === undefined) return this.#refuse('failure', 'there is no such file');
    const read = this.#reader.ofFile(text, this.#path, this.#type);
    if ('refused' in read) return this.#refuse(read.kind, read.refused, read.ref);
    const refusal = this.#callbacks.onConfigUpdate(read.resources, read.version);
    if (refusal !== undefined) {
      const blamed = read.resources.find(({ problem }) => problem !== undefined && refusal.includes(problem));
      return this.#refuse('rejected', refusal, blamed?.problemRef);
    }
    this.#stats.succeed(read.version);
    this.#trace?.record({
      kind: 'xds_update_accepted',
      state: 'matched',
      because: { resource: this.#path, path: [] },
      sentence: `${this.#type}: the file \`${this.#path}\` is taken: ${read.resources.length} resources.`,
    });
  }

  /** `ref`: the line that is to blame, where one is. */
  #refuse(kind: 'failure' | 'rejected', reason: string, ref: ConfigRef = { resource: this.#path, path: [] }): void {
    this.#stats.count(`update_${kind}`);
    this.#trace?.record({
      kind: 'xds_update_rejected',
      state: 'failed',
      because: ref,
      sentence: `${this.#type}: the file \`${this.#path}\` is refused: ${reason.replace(/\.$/, '')}.`,
    });
    this.#callbacks.onConfigUpdateFailed('update_rejected');
  }
}
