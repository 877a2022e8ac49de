import type { Api } from '#api';
import type { Lab } from '#lab';
import type { ConfigRef } from '#source';
import { BOOTSTRAP_NAME, readResources } from '#world';
import { withLines } from './lines.ts';
import { problemOf } from './problem.ts';
import type { Place, Problem } from './protocol.ts';

/** What was read of one file, by who plays it. */
type Read = ReturnType<typeof readResources>;

/** The files of a lab, where anything in them stands and what is wrong with them. Each is read when it is asked for. */
export class Sources {
  readonly #api: Api;
  readonly #bootstrap: string;
  readonly #files: Readonly<Record<string, string>>;
  readonly #names: readonly string[];
  readonly #read = new Map<string, Read>();

  constructor(api: Api, lab: Lab, files: Readonly<Record<string, string>>, bootstrap: Read) {
    this.#api = api;
    this.#names = lab.edit;
    this.#bootstrap = lab.edit[0] ?? '';
    this.#files = files;
    this.#read.set(this.#bootstrap, bootstrap);
  }

  placeOf({ resource, path }: ConfigRef): Place | undefined {
    const file = resource === BOOTSTRAP_NAME ? this.#bootstrap : resource.replace(/^\.\//, '');
    if (!this.#names.includes(file)) return undefined;
    const range = this.#readOf(file).rangeOf(path);
    return range && { ...withLines(this.#textOf(file), range), file };
  }

  problems(): Problem[] {
    return this.#names.filter(isRead).flatMap((file) => {
      const text = this.#textOf(file);
      return this.#readOf(file).diagnostics.map((one) => problemOf(text, one, file));
    });
  }

  #textOf(file: string): string {
    return this.#files[file] ?? '';
  }

  #readOf(file: string): Read {
    const known = this.#read.get(file) ?? readResources(this.#api, this.#textOf(file), file);
    this.#read.set(file, known);
    return known;
  }
}

/** Of files that are no configuration, a script or a certificate, nothing is said. */
const isRead = (file: string): boolean => /\.(ya?ml|json)$/.test(file);
