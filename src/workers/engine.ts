import { openApi, type Api } from '#api';
import {
  HttpFilterNotLinked,
  httpFiltersIn,
  LibraryNotLinked,
  linkHttpFilters,
  linkLibrary,
  type LibraryName,
} from '#envoy';
import { complete, hover, type Documentation } from './editor_help.ts';
import { play } from './play.ts';
import type { PlayAnswer, PlayQuestion, Question } from './protocol.ts';

/** What a page without such a configuration never loads. */
const LINK: Record<LibraryName, () => Promise<void>> = {
  aes: async () => linkLibrary('aes', await import('@noble/ciphers/aes.js')),
  cel: async () => linkLibrary('cel', (await import('#cel')).cel),
  jose: async () => linkLibrary('jose', (await import('#jose')).jose),
  lua: async () => linkLibrary('lua', (await import('#lua')).openLua()),
  re2: async () => linkLibrary('re2', await import('re2js')),
  zlib: async () => linkLibrary('zlib', await import('pako')),
};

/** Links the filters that a question names: together, and not one after the other as they are missed. */
export async function linkFor(question: Question): Promise<void> {
  if (question.kind === 'play') await linkHttpFilters(httpFiltersIn(JSON.stringify(question)));
}

/** The engine with Envoy's API opened: answers one question after the other. */
export class Engine {
  readonly #api: Api;
  readonly #documentation: () => Promise<Documentation>;

  constructor(descriptors: Uint8Array, documentation: () => Promise<Documentation>) {
    this.#api = openApi(descriptors);
    this.#documentation = documentation;
  }

  async answer(question: Question): Promise<unknown> {
    if (question.kind === 'play') return this.#play(question);
    const help = question.kind === 'complete' ? complete : hover;
    return help(this.#api, await this.#documentation(), question);
  }

  /** Plays; where code turns out to be needed that is not there, links it and plays from the start. */
  async #play(question: PlayQuestion): Promise<PlayAnswer> {
    try {
      return play(this.#api, question);
    } catch (error) {
      if (error instanceof HttpFilterNotLinked) await linkHttpFilters([error.type]);
      else if (error instanceof LibraryNotLinked) await LINK[error.library]();
      else throw error;
      return this.#play(question);
    }
  }
}
