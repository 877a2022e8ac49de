import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { compileHeaderKeyFormat, compilePreserveCase } from './header_key_format.ts';

const options = (format: object): ConfigNode =>
  new ConfigNode({ headerKeyFormat: format } as never, { resource: 'hcm', path: [] });
const preserving = (more: object = {}): ConfigNode =>
  options({
    statefulFormatter: {
      name: 'p',
      typedConfig: {
        '@type':
          'type.googleapis.com/envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig',
        ...more,
      },
    },
  });

test('proper case makes a capital of each letter behind one that is none', () => {
  expect(compileHeaderKeyFormat(options({ properCaseWords: {} }))?.('x-my_id2-abc')).toBe('X-My_Id2-Abc');
});

test('names stay as they were written, and those that Envoy adds are in lower case unless told otherwise', () => {
  const names = ['x-answer-id', 'x-envoy-own'];
  const spelled = ['X-ANSWER-id'];
  expect([
    names.map(compilePreserveCase(preserving())!(spelled)),
    names.map(compilePreserveCase(preserving({ formatterTypeOnEnvoyHeaders: 'PROPER_CASE' }))!(spelled)),
    compilePreserveCase(options({ properCaseWords: {} })),
  ]).toEqual([['X-ANSWER-id', 'x-envoy-own'], ['X-ANSWER-id', 'X-Envoy-Own'], undefined]);
});
