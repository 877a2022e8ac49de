import { expect, test } from 'vitest';
import { fragmentOf, readFragment } from './share_link.ts';

const state = {
  files: { 'envoy.yaml': 'static_resources: {}\n# ä é 漢\n' },
  requests: [{ to: '127.0.0.1:10000', authority: 'shop.example', path: '/' }],
  request: 0,
  step: 3,
};

test('a link gives back exactly what went into it', () => {
  expect(readFragment(fragmentOf(state))).toEqual({ kind: 'state', state });
});

test('a link that was cut, changed or made by a newer version says so', () => {
  const link = fragmentOf(state);
  const said = (fragment: string): string => {
    const read = readFragment(fragment);
    return read.kind === 'broken' ? read.message.split(/[:.]/)[0]! : read.kind;
  };
  expect(said(link.slice(0, -10))).toBe('This link is not whole');
  expect(said(link.replace('=1.', '=2.'))).toBe('This link was made by a newer version of this page');
  expect(said(`${link.slice(0, -8)}AAAAAAAA`)).toBe('This link cannot be read');
  expect(said('#state=1.4.AAAA')).toBe('This link cannot be read');
  expect(said('#a-heading')).toBe('none');
});

test('what is no state of this page is refused, though it is whole', () => {
  const link = fragmentOf({ ...state, requests: [{}] } as never);
  expect(readFragment(link).kind).toBe('broken');
});
