import type { Lab } from '#lab';
import { readManifest } from '#lab/manifest';
import { refText } from '#source';
import { highlightLines } from './highlight.ts';
import type { LabPage } from './lab_page.ts';
import { renderProse } from './markdown.server.ts';
import { TRACKS } from './tracks.ts';

/** Every file under `labs/`, by its path. */
const FILES = import.meta.glob<string>('/labs/*/**/*', { query: '?raw', import: 'default', eager: true });

/** The labs in the order of their folders. A manifest that cannot be read stops the build, and says why. */
export function allLabs(): LabPage[] {
  const folders = Object.keys(FILES).flatMap((path) => /^(.*)\/lab\.yaml$/.exec(path)?.[1] ?? []);
  const read = folders.sort().map((folder) => ({ folder, manifest: manifestIn(folder) }));
  return read.map(({ folder, manifest }) => {
    const track = trackOf(folder);
    const siblings = read.filter((one) => trackOf(one.folder) === track);
    const at = siblings.findIndex((one) => one.folder === folder);
    const next = siblings[at + 1]?.manifest;
    const files = filesIn(`${folder}/start/`);
    return {
      manifest,
      track: { key: track.key, title: track.title },
      article: track.article,
      number: at + 1,
      count: siblings.length,
      next: next && { slug: next.slug, title: next.title },
      prose: renderProse(FILES[`${folder}/index.md`] ?? ''),
      files,
      solution: filesIn(`${folder}/solution/`),
      highlighted: highlightLines(files[manifest.config] ?? ''),
    };
  });
}

function manifestIn(folder: string): Lab {
  const { lab, diagnostics } = readManifest(FILES[`${folder}/lab.yaml`] ?? '', `${folder}/lab.yaml`);
  if (!lab) throw new Error(diagnostics.map(({ ref, message }) => `${refText(ref)}: ${message}`).join('\n'));
  return lab;
}

/** `01-config-dump/…` belongs to the track `config-dump`. */
function trackOf(folder: string): (typeof TRACKS)[number] {
  const key = folder.split('/')[2]?.replace(/^\d+-/, '');
  const track = TRACKS.find((one) => one.key === key);
  if (!track) throw new Error(`${folder}: no track is called ${key}. See src/lib/content/tracks.ts.`);
  return track;
}

function filesIn(folder: string): Record<string, string> {
  const paths = Object.keys(FILES).filter((path) => path.startsWith(folder));
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length), FILES[path]!]));
}
