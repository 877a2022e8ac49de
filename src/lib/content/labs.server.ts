import { libraryOf, type LabFolder } from '#lab';
import { refText } from '#source';
import schema from '../../../labs/lab.schema.json';
import { highlightLines } from './highlight.ts';
import type { LabPage } from './lab_page.ts';
import { renderProse } from './markdown.server.ts';
import { TRACKS } from './tracks.ts';

/** Every text below `labs/`, by its path. */
const FILES = import.meta.glob<string>('/labs/*/**/*', { query: '?raw', import: 'default', eager: true });

const library = libraryOf(
  Object.fromEntries(Object.entries(FILES).map(([path, text]) => [path.replace('/labs/', ''), text])),
  schema,
);

/** The labs in the order of their folders. A manifest that cannot be read stops the build, and says why. */
export function allLabs(): LabPage[] {
  if (library.problems.length > 0)
    throw new Error(library.problems.map(({ ref, message }) => `${refText(ref)} ${message}`).join('\n'));
  return library.labs.map(pageOf);
}

function pageOf(folder: LabFolder): LabPage {
  const { lab, start, solution } = folder;
  const track = TRACKS.find((one) => one.key === folder.track);
  if (!track) throw new Error(`${folder.path}: src/lib/content/tracks.ts knows no track \`${folder.track}\`.`);
  const siblings = library.labs.filter((one) => one.track === folder.track);
  const at = siblings.indexOf(folder);
  const next = siblings[at + 1]?.lab;
  const config = lab.edit[0]!;
  return {
    manifest: lab,
    config,
    track: { key: track.key, title: track.title },
    article: track.article,
    number: at + 1,
    count: siblings.length,
    next: next && { slug: next.slug, title: next.title },
    prose: renderProse(folder.prose, folder.pictures),
    files: start,
    solution,
    highlighted: highlightLines(start[config] ?? ''),
  };
}
