import docsUrl from '../api/envoy-v3-1.40.0-docs.json?url';
import descriptorsUrl from '../api/envoy-v3-1.40.0.binpb?gzip';
import type { Documentation } from './editor_help.ts';
import type { Engine } from './engine.ts';
import type { Envelope, Reply } from './protocol.ts';

async function load(url: string): Promise<Response> {
  const response = await fetch(url);
  if (!response.ok) throw new Error(`Envoy's API could not be loaded (${response.status}). Reload the page.`);
  return response;
}

/** Loads once; a failure is not kept, so that the next question tries again. */
function once<T>(open: () => Promise<T>): () => Promise<T> {
  let opened: Promise<T> | undefined;
  return () =>
    (opened ??= open().catch((error: unknown) => {
      opened = undefined;
      throw error;
    }));
}

/** A host may have unpacked the file on its way: the first two bytes tell. */
async function unpacked(response: Response): Promise<Uint8Array> {
  const bytes = new Uint8Array(await response.arrayBuffer());
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** For whoever measures the page, `npm run bench:web`. */
function measured<T>(work: () => T): T {
  const began = performance.now();
  const result = work();
  performance.measure('engine work', { start: began });
  return result;
}

const documentation = once<Documentation>(async () => (await load(docsUrl)).json() as Promise<Documentation>);

const code = once(() => import('./engine.ts').finally(() => performance.mark('engine code ready')));

/** The code of the engine and the descriptors come side by side. */
const engine = once<Engine>(async () => {
  const [{ Engine }, descriptors] = await Promise.all([code(), load(descriptorsUrl).then(unpacked)]);
  return measured(() => new Engine(descriptors, documentation));
});

/** The one place where a failure of the simulator itself is caught. */
async function reply({ id, question }: Envelope): Promise<Reply> {
  try {
    const [ready] = await Promise.all([engine(), code().then(({ linkFor }) => linkFor(question))]);
    return { id, answer: await measured(() => ready.answer(question)) };
  } catch (error) {
    return { id, bug: error instanceof Error ? error.message : String(error) };
  }
}

self.onmessage = async (event: MessageEvent<Envelope>) => self.postMessage(await reply(event.data));
// Opened before anybody asks; a failure is told to whoever asks first.
engine().catch(() => undefined);
