import type { FileSystem } from '#envoy';
import type { Dispatcher } from '#sim';

/** How long the kernel takes to tell of a change. */
const NOTICE_MS = 1;

interface Watcher {
  readonly path: string;
  readonly onMoved: () => void;
}

/** The files of a scenario. A write puts a whole file in place of another, as a rename does. */
export class Files implements FileSystem {
  readonly #contents: Map<string, string>;
  readonly #watchers = new Set<Watcher>();
  readonly #dispatcher: Dispatcher;

  constructor(files: Readonly<Record<string, string>>, dispatcher: Dispatcher) {
    this.#contents = new Map(Object.entries(files).map(([path, text]) => [normal(path), text]));
    this.#dispatcher = dispatcher;
  }

  read(path: string): string | undefined {
    return this.#contents.get(normal(path));
  }

  watch(path: string, onMoved: () => void): () => void {
    const watcher = { path: normal(path), onMoved };
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  write(path: string, text: string): void {
    const name = normal(path);
    this.#contents.set(name, text);
    for (const watcher of this.#watchers) {
      if (name !== watcher.path && !name.startsWith(`${watcher.path}/`)) continue;
      this.#dispatcher.createTimer('file_moved', NOTICE_MS, () => {
        if (this.#watchers.has(watcher)) watcher.onMoved();
      });
    }
  }
}

const normal = (path: string): string => path.replace(/^\.\//, '').replace(/\/$/, '');
