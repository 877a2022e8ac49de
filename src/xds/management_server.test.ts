import { expect, test } from 'vitest';
import { ManagementServer, type ResourceSets, type XdsRequest, type XdsResponse } from '#xds';

/** A server with a stream to it; `answers` are the nonces and names of what it sent since the last time. */
function connected(resources: ResourceSets): {
  server: ManagementServer;
  ask: (request: Partial<XdsRequest>) => void;
  answers: () => string[];
} {
  const sent: XdsResponse[] = [];
  const server = new ManagementServer(resources, () => undefined);
  const stream = server.open({ onResponse: (response) => sent.push(response), onClose: () => undefined });
  return {
    server,
    ask: (request) => stream.send(request as XdsRequest),
    answers: () =>
      sent.splice(0).map((one) => {
        const gone = one.mode === 'delta' ? one.removed.map((name) => ` -${name}`).join('') : '';
        return `${one.nonce} v${one.version}: ${one.resources.map((each) => each.name).join(' ')}${gone}`;
      }),
  };
}

const cds = (version: string, ...names: string[]): ResourceSets => ({
  cds: { version, resources: names.map((name) => ({ name })) },
});

test('a first request is answered, an ACK is not, and a push tells of everything that there is', () => {
  const { server, ask, answers } = connected(cds('1', 'a'));
  ask({ mode: 'sotw', type: 'cds', version: '', nonce: '', names: [] });
  expect(answers()).toEqual(['cds-1 v1: a']);
  ask({ mode: 'sotw', type: 'cds', version: '1', nonce: 'cds-1', names: [] });
  expect(answers()).toEqual([]);
  server.put(cds('2', 'a', 'b'));
  server.push('cds');
  expect(answers()).toEqual(['cds-2 v2: a b']);
});

test('a request with a new name is answered, one that answers an old response is passed over', () => {
  const names = (...all: string[]) => ({
    eds: { version: '1', resources: all.map((one) => ({ cluster_name: one })) },
  });
  const { ask, answers } = connected(names('a', 'b'));
  ask({ mode: 'sotw', type: 'eds', version: '', nonce: '', names: ['a'] });
  ask({ mode: 'sotw', type: 'eds', version: '1', nonce: 'eds-1', names: ['a', 'b'] });
  ask({ mode: 'sotw', type: 'eds', version: '1', nonce: 'eds-1', names: ['a', 'b', 'c'] });
  expect(answers()).toEqual(['eds-1 v1: a', 'eds-2 v1: a b']);
});

test('delta sends what changed for the names asked for, and what is gone', () => {
  const { server, ask, answers } = connected(cds('1', 'a', 'b'));
  ask({ mode: 'delta', type: 'cds', nonce: '', subscribe: [], unsubscribe: [], initial: {} });
  server.put(cds('2', 'b', 'c'));
  server.push('cds');
  expect(answers()).toEqual(['cds-1 v1: a b', 'cds-2 v2: c -a']);
});
