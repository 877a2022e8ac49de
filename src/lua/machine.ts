import * as lua from 'fengari/src/lua.js';
import {
  luaL_error,
  luaL_loadstring,
  luaL_newstate,
  luaL_ref,
  luaL_requiref,
  luaL_unref,
} from 'fengari/src/lauxlib.js';
import { luaopen_base } from 'fengari/src/lbaselib.js';
import { luaopen_coroutine } from 'fengari/src/lcorolib.js';
import { to_luastring } from 'fengari/src/defs.js';
import { luaopen_math } from 'fengari/src/lmathlib.js';
import { luaopen_string } from 'fengari/src/lstrlib.js';
import { luaopen_table } from 'fengari/src/ltablib.js';
import {
  LuaFault,
  type LuaCall,
  type LuaMethod,
  type LuaObject,
  type LuaRuntime,
  type LuaScript,
  type LuaValue,
} from '#envoy';
import { useLuaJitNumbers } from './numbers.ts';
import { PRELUDE } from './prelude.ts';
import { errorText, push, read } from './values.ts';

/** A call that needs more instructions than this is ended: an endless loop. */
const MAX_INSTRUCTIONS = 10_000_000;
const LIBRARIES = {
  _G: luaopen_base,
  coroutine: luaopen_coroutine,
  math: luaopen_math,
  string: luaopen_string,
  table: luaopen_table,
};

/** Opens Lua: done once, by whoever links it. */
export function openLua(): LuaRuntime {
  useLuaJitNumbers();
  return {
    load: (source) => {
      const L = luaL_newstate();
      for (const [name, open] of Object.entries(LIBRARIES)) {
        luaL_requiref(L, to_luastring(name), open, 1);
        lua.lua_pop(L, 1);
      }
      limit(L);
      for (const text of [PRELUDE, source])
        if (luaL_loadstring(L, to_luastring(text)) !== lua.LUA_OK || lua.lua_pcall(L, 0, 0, 0) !== lua.LUA_OK)
          return { error: errorText(L) };
      return { script: new Script(L) };
    },
  };
}

function limit(L: lua.LuaState): void {
  lua.lua_sethook(
    L,
    (state) => luaL_error(state, to_luastring(`more than ${MAX_INSTRUCTIONS} instructions`)),
    lua.LUA_MASKCOUNT,
    MAX_INSTRUCTIONS,
  );
}

interface Thread {
  readonly thread: lua.LuaState;
  /** What keeps it from being collected. */
  readonly ref: number;
}

function methodOf(object: LuaObject | undefined, name: string): LuaMethod | undefined {
  if (object?.method) return object.method(name);
  return object?.methods && Object.hasOwn(object.methods, name) ? object.methods[name] : undefined;
}

class Script implements LuaScript {
  readonly #L: lua.LuaState;
  readonly #metatable: number;
  /** Threads that are through, and can run another function. */
  readonly #idle: Thread[] = [];
  readonly #names = new Map<string, Uint8Array>();
  readonly #callables = new Map<string, (L: lua.LuaState) => number>();

  constructor(L: lua.LuaState) {
    this.#L = L;
    lua.lua_newtable(L);
    lua.lua_pushcfunction(L, (state) => this.#index(state));
    lua.lua_setfield(L, -2, to_luastring('__index'));
    lua.lua_pushcfunction(L, (state) => this.#pairs(state));
    lua.lua_setfield(L, -2, to_luastring('__pairs'));
    this.#metatable = luaL_ref(L, lua.LUA_REGISTRYINDEX);
  }

  has(name: string): boolean {
    const type = lua.lua_getglobal(this.#L, this.#nameOf(name));
    lua.lua_pop(this.#L, 1);
    return type === lua.LUA_TFUNCTION;
  }

  call(name: string, argument: LuaObject, ended: (error: string | undefined, result?: LuaValue) => void): LuaCall {
    const { thread, ref } = this.#idle.pop() ?? this.#newThread();
    limit(thread);
    lua.lua_getglobal(thread, this.#nameOf(name));
    this.#push(thread, argument);
    const run = (count: number): void => {
      const status = lua.lua_resume(thread, null, count);
      if (status === lua.LUA_YIELD) return;
      if (status === lua.LUA_OK) {
        const result = lua.lua_gettop(thread) > 0 ? read(thread, -1) : undefined;
        lua.lua_settop(thread, 0);
        this.#idle.push({ thread, ref });
        return ended(undefined, result);
      }
      luaL_unref(this.#L, lua.LUA_REGISTRYINDEX, ref);
      ended(errorText(thread));
    };
    run(1);
    return {
      resume: (results) => {
        lua.lua_settop(thread, 0);
        for (const one of results) this.#push(thread, one);
        run(results.length);
      },
    };
  }

  #newThread(): Thread {
    const thread = lua.lua_newthread(this.#L);
    return { thread, ref: luaL_ref(this.#L, lua.LUA_REGISTRYINDEX) };
  }

  #nameOf(name: string): Uint8Array {
    let known = this.#names.get(name);
    if (!known) this.#names.set(name, (known = to_luastring(name)));
    return known;
  }

  #push(L: lua.LuaState, value: LuaValue): void {
    push(L, value, (state) => {
      lua.lua_rawgeti(state, lua.LUA_REGISTRYINDEX, this.#metatable);
      lua.lua_setmetatable(state, -2);
    });
  }

  /** A method of an object, as a function that takes the object first: the same one for every object that has the name. */
  #index(L: lua.LuaState): number {
    const name = String(read(L, 2));
    if (!methodOf(lua.lua_touserdata(L, 1)?.data as LuaObject | undefined, name)) {
      lua.lua_pushnil(L);
      return 1;
    }
    let callable = this.#callables.get(name);
    if (!callable) this.#callables.set(name, (callable = (state) => this.#callMethod(state, name)));
    lua.lua_pushcfunction(L, callable);
    return 1;
  }

  #callMethod(L: lua.LuaState, name: string): number {
    const method = methodOf(lua.lua_touserdata(L, 1)?.data as LuaObject | undefined, name);
    const args: LuaValue[] = [];
    for (let i = 2; i <= lua.lua_gettop(L); i++) args.push(read(L, i));
    const results = this.#attempt(L, () => {
      if (!method) throw new LuaFault(`no object that has \`${name}\``);
      return method(...args);
    });
    if (results === 'yield') return lua.lua_yield(L, 0);
    for (const one of results) this.#push(L, one);
    return results.length;
  }

  /** What a method throws fails the script. */
  #attempt<Result>(L: lua.LuaState, run: () => Result): Result {
    let message: string;
    try {
      return run();
    } catch (error) {
      if (!(error instanceof LuaFault)) throw error;
      message = error.message;
    }
    return luaL_error(L, to_luastring(message.replaceAll('%', '%%')));
  }

  #pairs(L: lua.LuaState): number {
    const object = lua.lua_touserdata(L, 1)?.data as LuaObject | undefined;
    const pairs = this.#attempt(L, () => object?.pairs?.() ?? []);
    let next = 0;
    lua.lua_pushcfunction(L, (state) => {
      const pair = pairs[next++];
      if (!pair) {
        object?.onPairsEnd?.();
        lua.lua_pushnil(state);
        return 1;
      }
      this.#push(state, pair[0]);
      this.#push(state, pair[1]);
      return 2;
    });
    return 1;
  }
}
