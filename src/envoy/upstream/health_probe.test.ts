import { expect, test } from 'vitest';
import { ConfigNode } from '../config_node.ts';
import { HeaderMap } from '../http/header_map.ts';
import { HealthProbe } from './health_probe.ts';
import { Host } from './host.ts';

const node = (value: object): ConfigNode => new ConfigNode(value as never, { resource: 'web', path: [] });
const host = (endpoint: object): Host =>
  new Host(node({ endpoint }), { name: '//', zone: '', weight: 0, priority: 0 }, '10.0.0.1:80');
const answer = (status: number, body = ''): { status: number; body: string; headers: HeaderMap } => ({
  status,
  body,
  headers: new HeaderMap(),
});

test('a check goes to the port and address that the endpoint keeps for it', () => {
  const probe = new HealthProbe(node({ timeout: '1s', tcpHealthCheck: { send: { text: '7069' } } }), false);
  const own = { healthCheckConfig: { portValue: 8080, address: { socketAddress: { address: '10.0.0.9' } } } };
  expect([probe.questionFor(host({})), probe.questionFor(host(own)).address]).toEqual([
    { address: '10.0.0.1:80', kind: 'tcp', isHttp2: false, sends: 'pi', waits: false },
    '10.0.0.9:8080',
  ]);
});

test('an endpoint can be left out of the checks', () => {
  const probe = new HealthProbe(node({ httpHealthCheck: { path: '/' } }), false);
  const out = { healthCheckConfig: { disableActiveHealthCheck: true } };
  expect([probe.isDisabled(host({})), probe.isDisabled(host(out))]).toEqual([false, true]);
});

test('texts have to come in their order, within the part of the body that is looked at', () => {
  const http = { path: '/', receive: [{ text: '61' }, { text: '62' }], responseBufferSize: 4 };
  const probe = new HealthProbe(node({ httpHealthCheck: http }), false);
  expect(['a..b', 'b..a', 'a...b'].map((body) => probe.judge(answer(200, body)).outcome)).toEqual([
    'pass',
    'fail',
    'fail',
  ]);
});

test('a status that may be retried does not fail a host at once', () => {
  const statuses = { expectedStatuses: [{ start: 204, end: 205 }], retriableStatuses: [{ start: 500, end: 503 }] };
  const probe = new HealthProbe(node({ httpHealthCheck: { path: '/', ...statuses } }), false);
  expect([204, 200, 502].map((status) => probe.judge(answer(status)).outcome)).toEqual(['pass', 'fail', 'retriable']);
});
