import { openApi, type Api } from '#api';
import type { LuaRuntime } from '#envoy';
import { complete, hover, type Documentation } from './editor_help.ts';
import { play } from './play.ts';
import type { Question } from './protocol.ts';

/** The engine with Envoy's API opened: answers one question after the other. */
export class Engine {
  readonly #api: Api;
  #lua: Promise<LuaRuntime> | undefined;
  readonly #documentation: () => Promise<Documentation>;

  constructor(descriptors: Uint8Array, documentation: () => Promise<Documentation>) {
    this.#api = openApi(descriptors);
    this.#documentation = documentation;
  }

  async answer(question: Question): Promise<unknown> {
    if (question.kind === 'play') return play(this.#api, question, await this.#luaFor(Object.values(question.files)));
    const help = question.kind === 'complete' ? complete : hover;
    return help(this.#api, await this.#documentation(), question);
  }

  /** A page without scripts does not load Lua. */
  async #luaFor(texts: readonly string[]): Promise<LuaRuntime | undefined> {
    if (!texts.some((text) => text.includes('.filters.http.lua.v3.'))) return undefined;
    this.#lua ??= import('#lua').then(({ openLua }) => openLua());
    return this.#lua;
  }
}
