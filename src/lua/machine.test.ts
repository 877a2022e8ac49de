import { expect, test } from 'vitest';
import { openLua } from './index.ts';

const lua = openLua();

/** What a function `run` of a script told by `say`. */
function saidBy(source: string): { said: string[]; error: string | undefined } {
  const said: string[] = [];
  let error: string | undefined = 'not loaded';
  const loaded = lua.load(source);
  if (!('script' in loaded)) return { said, error: loaded.error };
  const handle = { methods: { say: (text: unknown): [] => (said.push(String(text)), []) } };
  loaded.script.call('run', handle, (failure) => void (error = failure));
  return { said, error };
}

test('numbers are written as LuaJIT writes them, and the names of Lua 5.1 are there', () => {
  const source = `function run(h)
    h:say(10 / 2) h:say(tostring(2 ^ 31 + 1)) h:say(1 / 3) h:say(string.format('%d %s', 3, 4)) h:say(#{unpack({1, 2})})
    h:say(table.getn({1, 2, 3}) .. '')
  end`;
  expect(saidBy(source)).toEqual({
    said: ['5', '2147483649', '0.3333333333333333', '3 4', '2', '3'],
    error: undefined,
  });
});

test('a script that does not end is ended, and says by what', () => {
  expect(saidBy('function run(h) while true do end end').error).toContain('more than 10000000 instructions');
});

test('a call that waits goes on with the results that it is given', () => {
  const said: string[] = [];
  const loaded = lua.load('function run(h) h:say(h:ask()) end');
  if (!('script' in loaded)) throw new Error(loaded.error);
  let isOver = false;
  const handle = {
    methods: { ask: () => 'yield' as const, say: (text: unknown): [] => (said.push(String(text)), []) },
  };
  const call = loaded.script.call('run', handle, () => void (isOver = true));
  expect([isOver, said]).toEqual([false, []]);
  call.resume(['later']);
  expect([isOver, said]).toEqual([true, ['later']]);
});
