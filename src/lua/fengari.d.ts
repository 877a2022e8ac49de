/** What is used of Fengari, which brings no types: Lua's own C API. */
declare module 'fengari/src/lua.js' {
  export type LuaState = object;
  export const LUA_OK: number;
  export const LUA_YIELD: number;
  export const LUA_MULTRET: number;
  export const LUA_REGISTRYINDEX: number;
  export const LUA_MASKCOUNT: number;
  export const LUA_TNIL: number;
  export const LUA_TBOOLEAN: number;
  export const LUA_TNUMBER: number;
  export const LUA_TSTRING: number;
  export const LUA_TTABLE: number;
  export const LUA_TFUNCTION: number;
  export const LUA_TUSERDATA: number;
  type CFunction = (L: LuaState) => number;
  export function lua_newthread(L: LuaState): LuaState;
  export function lua_resume(L: LuaState, from: LuaState | null, nargs: number): number;
  export function lua_yield(L: LuaState, nresults: number): number;
  export function lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void;
  export function lua_gettop(L: LuaState): number;
  export function lua_settop(L: LuaState, index: number): void;
  export function lua_pop(L: LuaState, count: number): void;
  export function lua_type(L: LuaState, index: number): number;
  export function lua_pushnil(L: LuaState): void;
  export function lua_pushboolean(L: LuaState, value: boolean): void;
  export function lua_pushnumber(L: LuaState, value: number): void;
  export function lua_pushstring(L: LuaState, value: Uint8Array): void;
  export function lua_pushvalue(L: LuaState, index: number): void;
  export function lua_pushcfunction(L: LuaState, fn: CFunction): void;
  export function lua_pcall(L: LuaState, nargs: number, nresults: number, handler: number): number;
  export function lua_newuserdata(L: LuaState, size: number): { data?: unknown };
  export function lua_touserdata(L: LuaState, index: number): { data?: unknown } | null;
  export function lua_newtable(L: LuaState): void;
  export function lua_setmetatable(L: LuaState, index: number): void;
  export function lua_getglobal(L: LuaState, name: Uint8Array): number;
  export function lua_setfield(L: LuaState, index: number, name: Uint8Array): void;
  export function lua_rawset(L: LuaState, index: number): void;
  export function lua_rawseti(L: LuaState, index: number, n: number): void;
  export function lua_rawgeti(L: LuaState, index: number, n: number): number;
  export function lua_next(L: LuaState, index: number): number;
  export function lua_toboolean(L: LuaState, index: number): boolean;
  export function lua_tonumber(L: LuaState, index: number): number;
  export function lua_tostring(L: LuaState, index: number): Uint8Array | null;
  export function lua_xmove(from: LuaState, to: LuaState, count: number): void;
}
declare module 'fengari/src/lauxlib.js' {
  import type { LuaState } from 'fengari/src/lua.js';
  export function luaL_newstate(): LuaState;
  export function luaL_loadstring(L: LuaState, source: Uint8Array): number;
  export function luaL_requiref(L: LuaState, name: Uint8Array, open: (L: LuaState) => number, global: number): void;
  export function luaL_error(L: LuaState, message: Uint8Array): never;
  export function luaL_ref(L: LuaState, table: number): number;
  export function luaL_unref(L: LuaState, table: number, ref: number): void;
  export function luaL_checkstack(L: LuaState, space: number, message: Uint8Array | null): void;
}
declare module 'fengari/src/lbaselib.js' {
  export const luaopen_base: (L: object) => number;
}
declare module 'fengari/src/lcorolib.js' {
  export const luaopen_coroutine: (L: object) => number;
}
declare module 'fengari/src/lmathlib.js' {
  export const luaopen_math: (L: object) => number;
}
declare module 'fengari/src/lstrlib.js' {
  export const luaopen_string: (L: object) => number;
}
declare module 'fengari/src/ltablib.js' {
  export const luaopen_table: (L: object) => number;
}
declare module 'fengari/src/lobject.js' {
  interface TValue {
    value: number;
    ttisinteger(): boolean;
    setfltvalue(value: number): void;
    setsvalue(text: unknown): void;
  }
  const lobject: {
    luaO_tostring(L: object, value: TValue): void;
    luaO_str2num(text: Uint8Array, value: TValue): number;
  };
  export default lobject;
}
declare module 'fengari/src/lstring.js' {
  export function luaS_bless(L: object, text: Uint8Array): unknown;
}
declare module 'fengari/src/defs.js' {
  export function to_luastring(text: string): Uint8Array;
  export function to_jsstring(text: Uint8Array, from?: number, to?: number, lossy?: boolean): string;
}
