import {
  lua_gettop,
  lua_newtable,
  lua_newuserdata,
  lua_next,
  lua_pop,
  lua_pushboolean,
  lua_pushcfunction,
  lua_pushnil,
  lua_pushnumber,
  lua_pushstring,
  lua_pushvalue,
  lua_rawset,
  lua_rawseti,
  lua_toboolean,
  lua_tonumber,
  lua_tostring,
  lua_touserdata,
  lua_type,
  LUA_TBOOLEAN,
  LUA_TNUMBER,
  LUA_TSTRING,
  LUA_TTABLE,
  LUA_TUSERDATA,
  type LuaState,
} from 'fengari/src/lua.js';
import { luaL_checkstack } from 'fengari/src/lauxlib.js';
import { to_jsstring, to_luastring } from 'fengari/src/defs.js';
import type { Json, JsonObject } from '#api';
import { isLuaObject, type LuaObject, type LuaValue } from '#envoy';

const MAX_DEPTH = 32;
const ROOM = 8;

/** A text of bytes, a character each, stays so; any other becomes UTF-8. */
function bytesOf(text: string): Uint8Array {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 255) return to_luastring(text);
  return Uint8Array.from(text, (one) => one.charCodeAt(0));
}

const textOf = (bytes: Uint8Array): string => {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
};

export const errorText = (L: LuaState): string => {
  const bytes = lua_tostring(L, -1);
  return bytes ? to_jsstring(bytes, undefined, undefined, true) : 'error object is not a string';
};

export function push(L: LuaState, value: LuaValue, setMetatable: (L: LuaState) => void): void {
  luaL_checkstack(L, ROOM, null);
  if (value === undefined || value === null) lua_pushnil(L);
  else if (typeof value === 'boolean') lua_pushboolean(L, value);
  else if (typeof value === 'number') lua_pushnumber(L, value);
  else if (typeof value === 'string') lua_pushstring(L, bytesOf(value));
  else if (typeof value === 'function')
    lua_pushcfunction(L, (state) => {
      push(state, value(), setMetatable);
      return 1;
    });
  else if (isLuaObject(value)) {
    lua_newuserdata(L, 0).data = value;
    setMetatable(L);
  } else pushTable(L, value, setMetatable);
}

function pushTable(L: LuaState, value: readonly Json[] | JsonObject, setMetatable: (L: LuaState) => void): void {
  lua_newtable(L);
  if (Array.isArray(value))
    value.forEach((one: Json, i) => {
      push(L, one, setMetatable);
      lua_rawseti(L, -2, i + 1);
    });
  else
    for (const [key, one] of Object.entries(value as JsonObject)) {
      push(L, key, setMetatable);
      push(L, one, setMetatable);
      lua_rawset(L, -3);
    }
}

export function read(L: LuaState, index: number, depth = 0): LuaValue {
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index);
    case LUA_TNUMBER:
      return lua_tonumber(L, index);
    case LUA_TSTRING:
      return textOf(lua_tostring(L, index)!);
    case LUA_TUSERDATA:
      return lua_touserdata(L, index)?.data as LuaObject;
    case LUA_TTABLE:
      return depth > MAX_DEPTH ? null : readTable(L, index, depth);
    default:
      return null;
  }
}

/** A list where its keys are 1, 2, 3 …, and an object where they are not. */
function readTable(L: LuaState, index: number, depth: number): Json {
  luaL_checkstack(L, ROOM, null);
  const entries: [LuaValue, Json][] = [];
  lua_pushvalue(L, index);
  lua_pushnil(L);
  while (lua_next(L, -2) !== 0) {
    const value = read(L, lua_gettop(L), depth + 1) as Json;
    lua_pushvalue(L, -2);
    const key = read(L, lua_gettop(L), depth + 1);
    lua_pop(L, 2);
    entries.push([key, value]);
  }
  lua_pop(L, 1);
  // They come in any order.
  const list = new Map(entries);
  const isList = list.size > 0 && entries.every((_, i) => list.has(i + 1));
  return isList
    ? entries.map((_, i) => list.get(i + 1)!)
    : Object.fromEntries(entries.map(([key, value]) => [String(key), value]));
}
