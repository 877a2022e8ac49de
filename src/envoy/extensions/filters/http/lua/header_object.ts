import type { HeaderMap } from '../../../../http/header_map.ts';
import { LuaFault, type LuaObject } from '../../../../lua/lua_runtime.ts';

/** Headers as a script sees them; `changed` is told of every change: lua/wrappers.cc, HeaderMapWrapper. */
export function headerObject(headers: HeaderMap, changed: () => void, status?: () => string): LuaObject {
  const nameOf = (name: unknown): string => String(name).toLowerCase();
  const get = (name: unknown): string | undefined => {
    const lower = nameOf(name);
    if (lower === ':status') return status?.();
    return headers.has(lower) ? headers.all(lower).join(',') : undefined;
  };
  const change = (run: () => void): readonly [] => {
    run();
    changed();
    return [];
  };
  return {
    methods: {
      // No value at all, rather than nil, for a header that is not there.
      get: (name) => present(get(name)),
      getAtIndex: (name, index) => present(headers.all(nameOf(name))[Number(index)]),
      getNumValues: (name) => [headers.all(nameOf(name)).length],
      add: (name, value) => change(() => headers.add(nameOf(name), String(value))),
      replace: (name, value) => change(() => headers.set(nameOf(name), String(value))),
      remove: (name) => change(() => headers.remove(nameOf(name))),
      setHttp1ReasonPhrase: () => [],
    },
    pairs: () => [...(status ? [[':status', status()] as const] : []), ...headers.pairs()],
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
