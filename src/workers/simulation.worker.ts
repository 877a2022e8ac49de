import { openApi, type Api } from '#api';
import docsUrl from '../api/envoy-v3-1.40.0-docs.json?url';
import descriptorsUrl from '../api/envoy-v3-1.40.0.binpb?url';
import { complete, hover, type Documentation } from './editor_help.ts';
import { play } from './play.ts';
import type { Envelope, Question, Reply } from './protocol.ts';

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

const api = once<Api>(async () => openApi(new Uint8Array(await (await load(descriptorsUrl)).arrayBuffer())));
const documentation = once<Documentation>(async () => (await load(docsUrl)).json() as Promise<Documentation>);

async function answer(question: Question): Promise<unknown> {
  if (question.kind === 'play') return play(await api(), question);
  const help = question.kind === 'complete' ? complete : hover;
  return help(await api(), await documentation(), question);
}

/** The one place where a failure of the simulator itself is caught. */
async function reply({ id, question }: Envelope): Promise<Reply> {
  try {
    return { id, answer: await answer(question) };
  } catch (error) {
    return { id, bug: error instanceof Error ? error.message : String(error) };
  }
}

self.onmessage = async (event: MessageEvent<Envelope>) => self.postMessage(await reply(event.data));
void api();
