import type { Json } from '#api';

/** An object of Envoy's as a script sees it: methods by name, and pairs to go through. */
export interface LuaObject {
  readonly methods?: Readonly<Record<string, LuaMethod>>;
  /** In place of `methods`: one that is made when a script asks for it, for objects that every request has. */
  readonly method?: (name: string) => LuaMethod | undefined;
  readonly pairs?: () => readonly (readonly [string, LuaValue])[];
  /** A script has gone through all pairs. */
  readonly onPairsEnd?: () => void;
}

export type LuaValue = Json | undefined | LuaObject | LuaFunction;
/** A function of Envoy's own, for iterators. */
export type LuaFunction = () => LuaValue;
/** Its results, or `yield`: the script waits until it is resumed with them. It throws a `LuaFault` to fail the script. */
export type LuaMethod = (...args: LuaValue[]) => readonly LuaValue[] | 'yield';

/** One run of a function of a script. */
export interface LuaCall {
  /** Goes on with the results that a method had no time to give. */
  resume(results: readonly LuaValue[]): void;
}

/** A script whose functions are there. */
export interface LuaScript {
  has(name: string): boolean;
  /** Calls back when the function is through, with the error if it failed or its result: at once, unless it waits. */
  call(name: string, argument: LuaObject, ended: (error: string | undefined, result?: LuaValue) => void): LuaCall;
}

/** A Lua machine. */
export interface LuaRuntime {
  load(source: string): { readonly script: LuaScript } | { readonly error: string };
}

/** A text that a method asks for, in the words of Lua's own library where there is none; the object itself is argument 1. */
export function textArgument(value: LuaValue, position: number): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const kind = value === undefined ? 'no value' : value === null ? 'nil' : kindOf(value);
  throw new LuaFault(`bad argument #${position} to '?' (string expected, got ${kind})`);
}

const kindOf = (value: LuaValue & {}): string =>
  typeof value === 'boolean' || typeof value === 'function' ? typeof value : isLuaObject(value) ? 'userdata' : 'table';

/** What a method throws to fail the script. */
export class LuaFault extends Error {}

export const isLuaObject = (value: LuaValue): value is LuaObject =>
  typeof value === 'object' &&
  value !== null &&
  (('methods' in value && typeof value.methods === 'object') ||
    ('method' in value && typeof value.method === 'function'));
