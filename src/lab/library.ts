import type { Diagnostic } from '#source';
import type { Lab } from './lab.ts';
import { readManifest } from './manifest.ts';

type Files = Readonly<Record<string, string>>;

/** A lab with everything in its folder. */
export interface LabFolder {
  /** `01-config-dump/01-unknown-host`. */
  readonly path: string;
  /** The track's key: `config-dump`. */
  readonly track: string;
  readonly lab: Lab;
  readonly prose: string;
  /** Pictures by name, as SVG. */
  readonly pictures: Files;
  readonly start: Files;
  readonly solution: Files;
  /** Other right answers, and known wrong ones, each by name. */
  readonly alternatives: Readonly<Record<string, Files>>;
  readonly wrong: Readonly<Record<string, Files>>;
}

export interface Library {
  readonly labs: readonly LabFolder[];
  readonly problems: readonly Diagnostic[];
}

const LAB_FILE = /^(\d\d-([\w-]+)\/\d\d-[\w-]+)\/(.+)$/;
const VARIANT = /^(start|solution|(alternatives|wrong)\/([\w-]+))\/(.+)$/;

/**
 * All labs, in order, from the texts of the files below `labs/`.
 *
 * @param files by path from `labs/`: `01-config-dump/01-unknown-host/lab.yaml`.
 */
export function libraryOf(files: Files, schema: object): Library {
  const folders = new Map<string, Record<string, string>>();
  for (const [path, text] of Object.entries(files)) {
    const [, folder, , name] = LAB_FILE.exec(path) ?? [];
    if (folder !== undefined && name !== undefined) folders.set(folder, { ...folders.get(folder), [name]: text });
  }
  const read = [...folders].sort(([a], [b]) => (a < b ? -1 : 1)).map(([path, own]) => readFolder(path, own, schema));
  return {
    labs: read.flatMap((one) => one.folder ?? []),
    problems: read.flatMap((one) => one.problems),
  };
}

function readFolder(
  path: string,
  files: Files,
  schema: object,
): { folder?: LabFolder; problems: readonly Diagnostic[] } {
  const { lab, problems } = readManifest(files['lab.yaml'] ?? '', schema, `labs/${path}/lab.yaml`);
  if (!lab) return { problems };
  const [start, solution] = [variant(files, 'start'), variant(files, 'solution')];
  return {
    problems,
    folder: {
      path,
      track: LAB_FILE.exec(`${path}/x`)![2]!,
      lab,
      prose: files['index.md'] ?? '',
      pictures: Object.fromEntries(Object.entries(files).filter(([name]) => name.endsWith('.svg'))),
      start,
      solution: { ...start, ...solution },
      alternatives: variants(files, 'alternatives', start),
      wrong: variants(files, 'wrong', start),
    },
  };
}

function variant(files: Files, folder: string): Files {
  const own = Object.entries(files).filter(([name]) => name.startsWith(`${folder}/`));
  return Object.fromEntries(own.map(([name, text]) => [name.slice(folder.length + 1), text]));
}

/** What a variant does not have of its own is as at the start. */
function variants(files: Files, kind: string, start: Files): Record<string, Files> {
  const names = Object.keys(files).flatMap((name) => {
    const [, , of, which] = VARIANT.exec(name) ?? [];
    return of === kind && which !== undefined ? [which] : [];
  });
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => [name, { ...start, ...variant(files, `${kind}/${name}`) }]),
  );
}
