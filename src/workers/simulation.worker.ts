import { openApi, type Api } from '#api';
import descriptors from '../api/envoy-v3-1.40.0.binpb?url';
import { explain } from './explain.ts';
import type { Answer, Question } from './protocol.ts';

let api: Promise<Api> | undefined;

async function open(): Promise<Api> {
  const response = await fetch(descriptors);
  if (!response.ok) throw new Error(`Envoy's API could not be loaded (${response.status}). Reload the page.`);
  return openApi(new Uint8Array(await response.arrayBuffer()));
}

/** Opened once; a failure to load is not kept, so that the next request tries again. */
function opened(): Promise<Api> {
  api ??= open().catch((error: unknown) => {
    api = undefined;
    throw error;
  });
  return api;
}

/** The one place where a failure of the simulator itself is caught. */
async function answer(question: Question): Promise<Answer> {
  try {
    return explain(await opened(), question);
  } catch (error) {
    return { id: question.id, bug: error instanceof Error ? error.message : String(error), steps: [], problems: [] };
  }
}

self.onmessage = async (event: MessageEvent<Question>) => self.postMessage(await answer(event.data));
