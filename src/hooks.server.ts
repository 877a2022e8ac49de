import { existsSync, readFileSync } from 'node:fs';
import type { Handle } from '@sveltejs/kit';

const LIST = '.svelte-kit/output/client/_app/worker-files.json';

/** The engine's worker in this build, so that `static/early.js` can start it at once; nothing while developing. */
function engineOf(path: string): string {
  if (!path.startsWith('/labs/') || !existsSync(LIST)) return '';
  const files = JSON.parse(readFileSync(LIST, 'utf8')) as string[];
  const engine = files.find((file) => file.includes('/simulation.worker'));
  return engine === undefined ? '' : `/${engine}`;
}

export const handle: Handle = ({ event, resolve }) =>
  resolve(event, { transformPageChunk: ({ html }) => html.replace('%engine%', engineOf(event.url.pathname)) });
