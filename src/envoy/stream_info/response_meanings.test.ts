import { expect, test } from 'vitest';
import { explainDetails, explainFlags } from './response_meanings.ts';

test('each flag has its sentence, and none is none', () => {
  expect(explainFlags('UF,URX').map((one) => one.sentence)).toEqual([
    'The connection to the upstream failed.',
    'The retries, or the tries to connect, are used up.',
  ]);
  expect(explainFlags('-')).toEqual([]);
});

test('details are known by the word before their braces, and unknown ones are passed on', () => {
  expect(explainDetails('upstream_reset_before_response_started{connection_termination}')?.sentence).toBe(
    'The upstream connection ended before an answer began.',
  );
  expect(explainDetails('something_new')).toMatchObject({ word: 'something_new', sentence: '' });
});
