import { openApi, type Api } from '#api';
import { complete, hover, type Documentation } from './editor_help.ts';
import { play } from './play.ts';
import type { Question } from './protocol.ts';

/** The engine with Envoy's API opened: answers one question after the other. */
export class Engine {
  readonly #api: Api;
  readonly #documentation: () => Promise<Documentation>;

  constructor(descriptors: Uint8Array, documentation: () => Promise<Documentation>) {
    this.#api = openApi(descriptors);
    this.#documentation = documentation;
  }

  async answer(question: Question): Promise<unknown> {
    if (question.kind === 'play') return play(this.#api, question);
    const help = question.kind === 'complete' ? complete : hover;
    return help(this.#api, await this.#documentation(), question);
  }
}
