import type { Json, JsonObject } from '#api';
import type { LuaRuntime } from './lua/lua_runtime.ts';

/** A compiled expression: its value for what its roots are bound to, undefined where it has none. */
export type CelProgram = (bindings: Readonly<Record<string, unknown>>) => unknown;

/** What stands for `google.protobuf.Duration` and `Timestamp` among what an expression is given. */
export class CelTime {
  readonly kind: 'duration' | 'timestamp';
  readonly ms: number;

  constructor(kind: CelTime['kind'], ms: number) {
    this.kind = kind;
    this.ms = ms;
  }
}

/** What of the language is there beside its core. */
export interface CelAbilities {
  readonly concatenates?: boolean;
  readonly converts?: boolean;
  readonly hasStringFunctions?: boolean;
}

/** The Common Expression Language. Both throw what cannot be read. */
export interface CelLibrary {
  compileText(text: string, roots: readonly string[], abilities?: CelAbilities): CelProgram;
  /** `cel.expr.Expr` as JSON. */
  compileTree(tree: JsonObject, roots: readonly string[], abilities?: CelAbilities): CelProgram;
  /** A value as text; undefined for what is not there. */
  print(value: unknown): string | undefined;
  /** A value as JSON. */
  json(value: unknown): Json | undefined;
}

/** Signatures of JSON Web Tokens (RFC 7518). */
export interface JoseLibrary {
  /** Whether the key, with the fields of its JWK, signed the message. Throws for a key that cannot be read. */
  isSigned(key: JsonObject, algorithm: string, message: Uint8Array, signature: Uint8Array): boolean;
}

interface Libraries {
  /** Encryption of cookies. */
  readonly aes: typeof import('@noble/ciphers/aes.js');
  readonly cel: CelLibrary;
  readonly jose: JoseLibrary;
  readonly lua: LuaRuntime;
  /** Regular expressions. */
  readonly re2: typeof import('re2js');
  /** Compression whose bytes are those of the zlib in C. */
  readonly zlib: typeof import('pako');
}

export type LibraryName = keyof Libraries;

/** A configuration needs a library that is not there yet: link it and play again. */
export class LibraryNotLinked extends Error {
  readonly library: LibraryName;

  constructor(library: LibraryName) {
    super(`${library} is not linked`);
    this.library = library;
  }
}

const linked: { -readonly [Name in LibraryName]?: Libraries[Name] } = {};

/**
 * Links a library that weighs much and that few configurations need, as Envoy links its extensions when it is built:
 * a page loads it when {@link LibraryNotLinked} names it, a command line links all of them.
 */
export function linkLibrary<Name extends LibraryName>(name: Name, library: Libraries[Name]): void {
  linked[name] = library;
}

export function libraryOf<Name extends LibraryName>(name: Name): Libraries[Name] {
  const library = linked[name];
  if (!library) throw new LibraryNotLinked(name);
  return library;
}
