import { expect, test } from 'vitest';
import type { JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';
import { compileDomainMatcher, compileIpMatcher } from './match_maps.ts';

const nodeOf = (value: JsonObject): ConfigNode => new ConfigNode(value, { resource: 'envoy.yaml', path: [] });
const name = (node: ConfigNode): string => node.text('name') ?? '';

test('of the ranges that hold an address the longest comes first, and an exclusive one only where it is that', () => {
  const range = (addressPrefix: string, prefixLen: number) => ({ addressPrefix, prefixLen });
  const candidates = compileIpMatcher(
    nodeOf({
      rangeMatchers: [
        { ranges: [range('10.0.0.0', 8)], onMatch: { name: 'wide' } },
        { ranges: [range('10.1.0.0', 16)], onMatch: { name: 'own' }, exclusive: true },
        { ranges: [range('10.1.1.0', 24), range('fd00::', 8)], onMatch: { name: 'narrow' } },
      ],
    }),
    name,
  );
  expect(['10.1.1.1', '10.1.2.1', '10.2.0.1', 'fd00::1', '11.0.0.1', 'nobody'].map(candidates)).toEqual([
    ['narrow', 'wide'],
    ['own', 'wide'],
    ['wide'],
    ['narrow'],
    [],
    [],
  ]);
});

test('a server name is looked for as it is, then by the longest wildcard, then as any', () => {
  const candidates = compileDomainMatcher(
    nodeOf({
      domainMatchers: [
        { domains: ['*'], onMatch: { name: 'any' } },
        { domains: ['*.example', 'a.b.example'], onMatch: { name: 'example' } },
        { domains: ['*.b.example'], onMatch: { name: 'b' } },
      ],
    }),
    name,
  );
  expect(['a.b.example', 'x.b.example', 'example', ''].map(candidates)).toEqual([
    ['example', 'b', 'example', 'any'],
    ['b', 'example', 'any'],
    ['any'],
    [],
  ]);
});
