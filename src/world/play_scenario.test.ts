import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { openApi } from '#api';
import { MAX_EVENTS, MAX_REQUEST_MS, playScenario, type Scenario } from '#world';

const api = openApi(readFileSync(new URL('../api/envoy-v3-1.40.0.binpb', import.meta.url)));
const vector = (name: string): Scenario =>
  JSON.parse(
    readFileSync(new URL(`../../tests/conformance/vectors/${name}.json`, import.meta.url), 'utf8'),
  ) as Scenario;

test('the trace tells every route that was tried, with the condition and value that failed, and its lines', () => {
  const { trace } = playScenario(api, vector('routing/header-and'), { seed: '1', trace: true });
  const routes = trace
    .filter((one) => one.kind.startsWith('route_'))
    .slice(0, 6)
    .map((one) => `${one.state}: ${one.sentence}`);
  expect(routes).toEqual([
    'matched: Route `both` is the first that matches GET /.',
    'not_reached: Route `joined` was not tried: an earlier route won.',
    'not_reached: Route `two` was not tried: an earlier route won.',
    'failed: Route `both` does not match: header x-b is absent.',
    'failed: Route `joined` does not match: header x-a is "1", not exact "1,2".',
    'failed: Route `two` does not match: header x-a is "1", not exact "2".',
  ]);
  expect(trace.find((one) => one.kind === 'route_rejected')?.because?.path.slice(-4)).toEqual([
    'virtual_hosts',
    0,
    'routes',
    0,
  ]);
});

test('the same scenario and seed give the same trace, to the byte', () => {
  const play = (): string =>
    JSON.stringify(playScenario(api, vector('route-action/weighted-clusters'), { seed: '7', trace: true }));
  expect(play()).toBe(play());
});

test('a request that nobody ever answers ends by its limits, and the others go on', () => {
  const config = JSON.stringify({
    static_resources: {
      listeners: [
        {
          address: { socket_address: { address: '127.0.0.1', port_value: 10000 } },
          filter_chains: [
            {
              filters: [
                {
                  name: 'hcm',
                  typed_config: {
                    '@type':
                      'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
                    stat_prefix: 'i',
                    stream_idle_timeout: '0s',
                    route_config: {
                      virtual_hosts: [
                        {
                          name: 'v',
                          domains: ['*'],
                          routes: [{ match: { prefix: '/' }, route: { cluster: 'c', timeout: '0s' } }],
                        },
                      ],
                    },
                    http_filters: [
                      {
                        name: 'router',
                        typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
                      },
                    ],
                  },
                },
              ],
            },
          ],
        },
      ],
      clusters: [
        {
          name: 'c',
          load_assignment: {
            cluster_name: 'c',
            endpoints: [
              {
                lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.1.1', port_value: 80 } } } }],
              },
            ],
          },
        },
      ],
    },
  });
  const upstreams = [{ name: 'c', address: '127.0.1.1:80', replies: [{ never: true }, { status: 200 }] }];
  const request = { to: '127.0.0.1:10000', authority: 'a', path: '/' };
  const { steps, diagnostics, trace } = playScenario(
    api,
    { config, upstreams, steps: [{ request }, { request }] },
    { seed: '1', trace: true },
  );
  expect(trace.filter((one) => one.kind === 'run_stopped').map((one) => one.sentence)).toEqual([
    'Nothing is left that could answer: the upstream is silent, and no timeout is set.',
  ]);
  expect(diagnostics).toEqual([]);
  expect(steps.map((step) => step.expect?.response?.status ?? step.expect?.response?.failed)).toEqual([
    'ECONNRESET',
    200,
  ]);
  expect([MAX_EVENTS, MAX_REQUEST_MS]).toEqual([1_000_000, 3_600_000]);
});

test('retries without end are stopped by the number of events, and the reason is told', () => {
  const { config, ...rest } = vector('resilience/retry-5xx');
  const stormy = JSON.parse(JSON.stringify(parse(config)), (key, value: unknown) =>
    key === 'retry_policy'
      ? {
          retry_on: '5xx',
          num_retries: 4_000_000_000,
          retry_back_off: { base_interval: '0.001s', max_interval: '0.001s' },
        }
      : key === 'route'
        ? { ...(value as object), timeout: '0s' }
        : key === 'typed_config' && 'stat_prefix' in (value as object)
          ? { ...(value as object), stream_idle_timeout: '0s' }
          : value,
  ) as object;
  const upstreams = rest.upstreams.map((one) => ({ ...one, replies: [{ status: 503 }] }));
  const steps = rest.steps.filter((step) => step.request !== undefined).slice(0, 1);
  const { trace } = playScenario(
    api,
    { ...rest, config: JSON.stringify(stormy), upstreams, steps },
    { seed: '1', trace: true },
  );
  expect(trace.find((one) => one.kind === 'run_stopped')?.sentence).toContain(
    'something here goes on without end, such as retries or redirects',
  );
});
