import { expect, test } from 'vitest';
import { readEnvoyYaml } from './envoy_yaml.ts';

test('a key is its text, though the same words are booleans or numbers as values', () => {
  expect(readEnvoyYaml('a: {y: yes, on: "no", No: 7, 010: 010, plain: [off, {0x1F: 0x1F}]}')).toEqual({
    value: { a: { y: true, on: 'no', No: 7, '010': 8, plain: [false, { '0x1F': 31 }] } },
    oversights: [],
  });
});

test('a key that stands twice is told by its text: two words for one boolean are two keys', () => {
  expect(readEnvoyYaml('yes: 1\ny: 2')).toEqual({ value: { yes: 1, y: 2 }, oversights: [] });
  expect(readEnvoyYaml('y: 1\ny: 2')).toEqual({ value: { y: 2 }, oversights: ['duplicate_key'] });
});

test('a key that is passed over goes with what it holds, odd keys or not', () => {
  expect(readEnvoyYaml('!ignore x: {y: 1}\nno: off')).toEqual({ value: { no: false }, oversights: [] });
  expect(readEnvoyYaml('!ignore x: 1\na: 2')).toEqual({ value: { a: 2 }, oversights: [] });
});
