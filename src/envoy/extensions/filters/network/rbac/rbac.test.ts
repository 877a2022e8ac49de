import { expect, test } from 'vitest';
import { oneNetworkFilter, TO } from '../../../../../../tests/one_connection.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const from = (address: string, raw = 'ping') => ({ request: { to: TO, raw, listen_ms: 200, from: address } });

/** Connections from 127.0.0.9 and 127.0.0.1. */
const played = (fields: string, steps = [from('127.0.0.9'), from('127.0.0.1')]) =>
  playWorld(
    {
      config: oneNetworkFilter(
        `{"@type": type.googleapis.com/envoy.extensions.filters.network.rbac.v3.RBAC, stat_prefix: guard, ${fields}}`,
      ),
      upstreams: [{ name: 'db', address: '127.0.1.1:8001', protocol: 'tcp', replies: [{ echo: true }] }],
      steps,
    },
    {
      kinds: [
        'network_rbac_allowed',
        'network_rbac_denied',
        'network_rbac_shadow_allowed',
        'network_rbac_shadow_denied',
      ],
      counted: /rbac/,
    },
  );

/** The policy `the nine` fits connections from 127.0.0.9. */
const policies =
  'policies: {the nine: {permissions: [{any: true}], principals: [{direct_remote_ip: {address_prefix: 127.0.0.9, prefix_len: 32}}]}}';

test('ALLOW lets in whom a policy fits and closes on others, whose bytes no upstream gets', () => {
  expect(played(`rules: {${policies}}`)).toEqual({
    answers: ['ping', ''],
    upstreams: ['db ping', 'db'],
    logged: ['-', '- rbac_access_denied_matched_policy[none]'],
    stats: { 'guard.rbac.allowed': 1, 'guard.rbac.denied': 1 },
    said: [
      'matched: RBAC has allowed the connection: the policy `the nine` fits.',
      'failed: RBAC has denied the connection: no policy fits.',
    ],
  });
});

test('DENY closes on whom a policy fits, and the log names it with its blanks as underscores', () => {
  expect(played(`rules: {action: DENY, ${policies}}`)).toEqual({
    answers: ['', 'ping'],
    upstreams: ['db', 'db ping'],
    logged: ['- rbac_access_denied_matched_policy[the_nine]', '-'],
    stats: { 'guard.rbac.allowed': 1, 'guard.rbac.denied': 1 },
    said: [
      'failed: RBAC has denied the connection: the policy `the nine` fits.',
      'matched: RBAC has allowed the connection: no policy fits.',
    ],
  });
});

test('shadow rules are counted under their own prefix, and close nothing', () => {
  expect(played(`shadow_rules: {${policies}}, shadow_rules_stat_prefix: try.`)).toEqual({
    answers: ['ping', 'ping'],
    upstreams: ['db ping', 'db ping'],
    logged: ['-', '-'],
    stats: { 'guard.rbac.try.shadow_allowed': 1, 'guard.rbac.try.shadow_denied': 1 },
    said: [
      'matched: Shadow rules would have allowed the connection: the policy `the nine` fits.',
      'failed: Shadow rules would have denied the connection: no policy fits.',
    ],
  });
});

test('a connection that says nothing is judged when it ends', () => {
  expect(played(`rules: {${policies}}`, [from('127.0.0.1', '')])).toEqual({
    answers: [''],
    upstreams: ['db'],
    logged: ['- rbac_access_denied_matched_policy[none]'],
    stats: { 'guard.rbac.denied': 1 },
    said: ['failed: RBAC has denied the connection: no policy fits.'],
  });
});

test('with delay_deny the refused connection stays open for that long, and its bytes are not passed on', () => {
  expect(played(`rules: {${policies}}, delay_deny: 0.1s`, [from('127.0.0.1')])).toEqual({
    answers: [''],
    upstreams: ['db'],
    logged: ['- rbac_access_denied_matched_policy[none]'],
    stats: { 'guard.rbac.denied': 1 },
    said: ['failed: RBAC has denied the connection: no policy fits.'],
  });
});

test('without rules everybody is let in, and nobody is counted', () => {
  expect(played('enforcement_type: CONTINUOUS', [from('127.0.0.1')])).toEqual({
    answers: ['ping'],
    upstreams: ['db ping'],
    logged: ['-'],
    stats: {},
    said: [],
  });
});
