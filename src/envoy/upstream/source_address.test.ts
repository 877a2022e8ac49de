import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { bindFailure, sourceFor } from './source_address.ts';

const bind = (value: object): ConfigNode => new ConfigNode(value as never, { resource: 'web', path: [] });
const both = bind({
  sourceAddress: { address: '::1', portValue: 0 },
  extraSourceAddresses: [{ address: { address: '127.0.0.6', portValue: 0 } }],
});
const only = bind({ sourceAddress: { address: '::1', portValue: 0 } });

test('a connection starts from the address of its version, or else the first; without one the system chooses', () => {
  const upstream = '127.0.1.1:80';
  expect([both, only, bind({ freebind: true }), undefined].map((one) => sourceFor(one, upstream))).toEqual([
    '127.0.0.6',
    '::1',
    undefined,
    undefined,
  ]);
  expect(sourceFor(both, '[::2]:80')).toBe('::1');
  expect(sourceFor(bind({ sourceAddress: { address: '0.0.0.0' } }), upstream)).toBeUndefined();
});

test('an address of the other version, or of another machine, cannot be bound to', () => {
  const upstream = '127.0.1.1:80';
  expect([undefined, '127.0.0.6', '::1', '203.0.113.7'].map((one) => bindFailure(one, upstream))).toEqual([
    undefined,
    undefined,
    'failed_to_bind_to_[::1]:0:_Address_family_not_supported_by_protocol',
    'failed_to_bind_to_203.0.113.7:0:_Cannot_assign_requested_address',
  ]);
});
