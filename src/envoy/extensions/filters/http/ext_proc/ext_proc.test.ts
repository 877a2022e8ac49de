import { expect, test } from 'vitest';
import type { JsonObject } from '#api';
import type { RequestSpec, UpstreamSpec } from '#world';
import { grpcCluster, oneFilter, TO } from '../../../../../../tests/one_filter.ts';
import { playWorld } from '../../../../../../tests/play_world.ts';

const EXT_PROC = 'type.googleapis.com/envoy.extensions.filters.http.ext_proc.v3';
const routes = `
- match: {prefix: /off}
  route: {cluster: web}
  typed_per_filter_config: {f: {"@type": ${EXT_PROC}.ExtProcPerRoute, disabled: true}}
- match: {prefix: /answer}
  route: {cluster: web}
  typed_per_filter_config: {f: {"@type": ${EXT_PROC}.ExtProcPerRoute, overrides: {processing_mode: {request_header_mode: SKIP}}}}
- match: {prefix: /}
  route: {cluster: web}
`;

/** What the processor says to each kind of message, or that it is gone. */
type Processor = Readonly<Record<string, JsonObject>> | 'gone';

/** A request of a filter with a processor, which is shown only the path and the status. */
function processed(fields: string, processor: Processor, request: Partial<RequestSpec> = {}) {
  const service: Partial<UpstreamSpec> = processor === 'gone' ? { refuse: true } : { replies: [{ on: processor }] };
  const filter = `
"@type": ${EXT_PROC}.ExternalProcessor
grpc_service: {envoy_grpc: {cluster_name: processor}}
message_timeout: 0.5s
forward_rules: {allowed_headers: {patterns: [{exact: ":path"}, {exact: ":status"}]}}
${fields}`;
  const { answers, upstreams, logged, stats } = playWorld(
    {
      config: oneFilter(filter, { routes, clusters: grpcCluster('processor', '127.0.1.2') }),
      upstreams: [
        { name: 'web', address: '127.0.1.1:8001' },
        { name: 'processor', address: '127.0.1.2:9000', protocol: 'grpc', ...service },
      ],
      steps: [{ any_order: true, request: { to: TO, path: '/', ...request } }],
    },
    { kinds: [], counted: /ext_proc\.(?!stream_msgs|streams_(started|closed))/, headers: /^x-p$/ },
  );
  return { answers, upstreams, logged, stats };
}

const setsP = (value: string): JsonObject => ({
  response: { header_mutation: { set_headers: [{ header: { key: 'x-p', raw_value: value } }] } },
});
const MARKS = {
  request_headers: { request_headers: setsP('MQ==') },
  response_headers: { response_headers: setsP('Mg==') },
};

/** The messages that it was sent. */
const asked = (...messages: readonly JsonObject[]): string => {
  const [first, ...rest] = messages.map((one) => ({ ...one, metadataContext: {} }));
  return `processor ${JSON.stringify([{ ...first, protocolConfig: {} }, ...rest])}`;
};
const requestHeaders = (path: string) => ({
  requestHeaders: { headers: { headers: [{ key: ':path', value: path }] }, endOfStream: true },
});
const responseHeaders = { responseHeaders: { headers: { headers: [{ key: ':status', value: '200' }] } } };
const PASSED = { answers: ['200 web\n'], logged: ['- via_upstream'] };

test('request and response are shown to the processor, and what it sets goes on', () => {
  expect(processed('', MARKS)).toEqual({
    answers: ['200 web\n x-p=2'],
    upstreams: [asked(requestHeaders('/'), responseHeaders), 'web GET /  x-p=1'],
    logged: ['- via_upstream'],
    stats: {},
  });
});

test('a route may leave the processor out, or show it only the response', () => {
  const ofRoute = (path: string) => processed('', MARKS, { path });
  expect([ofRoute('/off'), ofRoute('/answer')]).toEqual([
    { ...PASSED, upstreams: ['web GET /off'], stats: {} },
    { ...PASSED, answers: ['200 web\n x-p=2'], upstreams: [asked(responseHeaders), 'web GET /answer'], stats: {} },
  ]);
});

test('an immediate response is the answer, unless the filter does not take it: then it is 500', () => {
  const immediate = { status: { code: 'Forbidden' }, body: 'bm8=', details: 'by policy' };
  const processor = { request_headers: { immediate_response: immediate } };
  expect([processed('', processor), processed('disable_immediate_response: true', processor)]).toEqual([
    {
      answers: ['403 no'],
      upstreams: [asked(requestHeaders('/'))],
      logged: ['- by_policy'],
      stats: { 'http.i.ext_proc.immediate_responses_sent': 1 },
    },
    {
      answers: ['500 '],
      upstreams: [asked(requestHeaders('/'))],
      logged: ['- unhandled_immediate_response_due_to_config_disabled_it'],
      stats: { 'http.i.ext_proc.immediate_responses_sent': 1, 'http.i.ext_proc.spurious_msgs_received': 1 },
    },
  ]);
});

test('a processor that says nothing in time is 504', () => {
  expect(processed('', { other: {} })).toEqual({
    answers: ['504 '],
    upstreams: [asked(requestHeaders('/'))],
    logged: ['- ext_proc_error_per-message_timeout_exceeded'],
    stats: { 'http.i.ext_proc.immediate_responses_sent': 1, 'http.i.ext_proc.message_timeouts': 1 },
  });
});

test('a processor that says something else, or is gone, is 500, or passes as failure_mode_allow says', () => {
  const wrong = { request_headers: { response_headers: {} } };
  const refused = [wrong, 'gone' as const].map((processor) => processed('', processor).answers);
  const passed = [wrong, 'gone' as const].map((processor) => processed('failure_mode_allow: true', processor));
  const allowed = { 'http.i.ext_proc.failure_mode_allowed': 1 };
  const failed = { 'http.i.ext_proc.server_half_closed': 2, 'http.i.ext_proc.streams_failed': 1 };
  expect({ refused, passed }).toEqual({
    refused: [['500 '], ['500 ']],
    passed: [
      {
        ...PASSED,
        upstreams: [asked(requestHeaders('/')), 'web GET /'],
        stats: { ...allowed, 'http.i.ext_proc.spurious_msgs_received': 1 },
      },
      { ...PASSED, upstreams: ['web GET /'], stats: { ...allowed, ...failed } },
    ],
  });
});

test('a body that is sent for goes on as the processor changes it', () => {
  const modes = 'processing_mode: {request_header_mode: SKIP, response_header_mode: SKIP, request_body_mode: BUFFERED}';
  const processor = { request_body: { request_body: { response: { body_mutation: { body: 'KioqKg==' } } } } };
  expect(processed(modes, processor, { method: 'POST', body: 'card' })).toEqual({
    ...PASSED,
    upstreams: [
      'processor [{"requestBody":{"body":"Y2FyZA==","endOfStream":true},"metadataContext":{},"protocolConfig":{"requestBodyMode":"BUFFERED"}}]',
      'web POST / ****',
    ],
    stats: {},
  });
});
