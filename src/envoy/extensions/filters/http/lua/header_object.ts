import type { HeaderMap } from '../../../../http/header_map.ts';
import { LuaFault, textArgument, type LuaMethod, type LuaObject, type LuaValue } from '../../../../lua/lua_runtime.ts';

interface Seen {
  readonly headers: HeaderMap;
  readonly lock: HeaderLock;
  readonly changed: () => void;
  readonly status: (() => string) | undefined;
}

/** Why headers may not be changed just now: a loop goes through them, or they are on their way already. */
export interface HeaderLock {
  isIterating: boolean;
  isSent: boolean;
}

const nameOf = (name: LuaValue): string => textArgument(name, 2).toLowerCase();

function valueOf({ headers, status }: Seen, name: LuaValue): string | undefined {
  const lower = nameOf(name);
  if (lower === ':status') return status?.();
  return headers.has(lower) ? headers.all(lower).join(',') : undefined;
}

function change({ changed, lock }: Seen, run: () => void): readonly [] {
  if (lock.isIterating) throw new LuaFault('header map cannot be modified while iterating');
  if (lock.isSent) throw new LuaFault('header map can no longer be modified');
  run();
  changed();
  return [];
}

const METHODS: ReadonlyMap<string, (seen: Seen) => LuaMethod> = new Map<string, (seen: Seen) => LuaMethod>([
  // No value at all, rather than nil, for a header that is not there.
  ['get', (seen) => (name) => present(valueOf(seen, name))],
  [
    'getAtIndex',
    ({ headers }) =>
      (name, index) =>
        present(headers.all(nameOf(name))[Number(index)]),
  ],
  [
    'getNumValues',
    ({ headers }) =>
      (name) => [headers.all(nameOf(name)).length],
  ],
  ['add', (seen) => (name, value) => change(seen, () => seen.headers.add(nameOf(name), textArgument(value, 3)))],
  ['replace', (seen) => (name, value) => change(seen, () => seen.headers.set(nameOf(name), textArgument(value, 3)))],
  ['remove', (seen) => (name) => change(seen, () => seen.headers.remove(nameOf(name)))],
  ['setHttp1ReasonPhrase', () => () => []],
]);

/** Headers as a script sees them; `changed` is told of every change: lua/wrappers.cc, HeaderMapWrapper. */
export function headerObject(
  headers: HeaderMap,
  lock: HeaderLock,
  changed: () => void,
  status?: () => string,
): LuaObject {
  const seen = { headers, lock, changed, status };
  return {
    method: (name) => METHODS.get(name)?.(seen),
    pairs: () => {
      if (lock.isIterating) throw new LuaFault('cannot create a second iterator before completing the first');
      lock.isIterating = true;
      return [...(status ? [[':status', status()] as const] : []), ...headers.pairs()];
    },
    onPairsEnd: () => void (lock.isIterating = false),
  };
}

const present = (value: string | undefined): readonly string[] => (value === undefined ? [] : [value]);

/** A body, or a part of it: lua/wrappers.cc, BufferWrapper. */
export function bufferObject(read: () => string, write: (text: string) => void): LuaObject {
  return {
    methods: {
      length: () => [read().length],
      getBytes: (index, length) => {
        const [from, count] = [Number(index), Number(length)];
        if (from < 0 || count < 0 || from + count > read().length)
          throw new LuaFault('index/length must be >= 0 and (index + length) must be <= buffer size');
        return [read().slice(from, from + count)];
      },
      setBytes: (text) => {
        write(String(text));
        return [String(text).length];
      },
    },
  };
}
