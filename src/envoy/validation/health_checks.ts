import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, refuseIf, typeOf } from './check.ts';

/** `health_checks` of a cluster. */
export function checkHealthChecks(node: ConfigNode): Diagnostic[] {
  return [...checkNames(node), ...node.list('health_checks').flatMap((check) => checkOne(node, check))];
}

function checkOne(node: ConfigNode, check: ConfigNode): Diagnostic[] {
  if (check.has('grpc_health_check') && !speaksHttp2(node))
    return problem(
      'health_check',
      check,
      ['grpc_health_check'],
      'A gRPC health check needs a cluster that speaks HTTP/2.',
      {
        help: 'Give the cluster `http2_protocol_options` in its HttpProtocolOptions.',
        envoySays: `${node.text('name') ?? ''} cluster must support HTTP/2 for gRPC healthchecking`,
      },
    );
  const http = check.child('http_health_check');
  const tcp = check.child('tcp_health_check');
  return [
    ...(http ? checkHttp(http) : NONE),
    ...[tcp ?? http]
      .flatMap((one) => [one?.child('send') ?? [], one?.list('receive') ?? []].flat())
      .flatMap(checkPayload),
    ...check.list('event_logger').flatMap(checkSink),
  ];
}

function checkStatusRange(range: ConfigNode): Diagnostic[] {
  const [start, end] = [range.number('start') ?? 0, range.number('end') ?? 0];
  if (start < end)
    return refuseIf(
      end > 600,
      range,
      ['end'],
      `A status is less than 600: \`end\` is ${end}.`,
      `Invalid http expected status range: expecting end <= 600, but found end=${end}`,
    );
  return problem(
    'status_range',
    range,
    [],
    `The range from ${start} up to ${end} is empty: \`end\` is the first status that is no longer meant.`,
    {
      envoySays: `Invalid http expected status range: expecting start < end, but found start=${start} and end=${end}`,
    },
  );
}

/** Several checks of a cluster are told apart by their names. */
function checkNames(node: ConfigNode): Diagnostic[] {
  const checks = node.list('health_checks');
  if (checks.length < 2) return NONE;
  const seen = new Set<string>();
  for (const [i, check] of checks.entries()) {
    const name = check.text('name') ?? '';
    if (name === '')
      return problem('health_check_name', check, [], 'Of several health checks each needs a `name`.', {
        envoySays: `health check at index ${i} is missing a name; all health checks must have a name when multiple health checks are configured`,
      });
    if (seen.has(name))
      return problem('health_check_name', check, ['name'], `Two health checks are called "${name}".`, {
        envoySays: `duplicate health check name '${name}' at index ${i}; all health check names must be unique within a cluster`,
      });
    seen.add(name);
  }
  return NONE;
}

const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'OPTIONS']);

function checkHttp(http: ConfigNode): Diagnostic[] {
  const method = http.text('method') ?? 'GET';
  const ranges = ['expected_statuses', 'retriable_statuses'].flatMap((field) => http.list(field));
  const headers = http.list('request_headers_to_add').map((one) => one.child('header')?.text('key') ?? '');
  const fixed = headers.find((name) => name.startsWith(':') || name.toLowerCase() === 'host');
  return [
    ...ranges.flatMap(checkStatusRange),
    ...(http.has('send') && !WITH_BODY.has(method === 'METHOD_UNSPECIFIED' ? 'GET' : method)
      ? problem('health_check', http, ['send'], `A request of method ${method} has no body.`, {
          help: 'Set `method` to POST, PUT, PATCH or OPTIONS.',
          envoySays: `HTTP health check cannot specify a request payload with method '${method}'. Only methods that support a request body (POST, PUT, PATCH, OPTIONS) can be used with payload.`,
        })
      : NONE),
    ...(fixed === undefined
      ? NONE
      : problem('header', http, ['request_headers_to_add'], `\`${fixed}\` may not be set here.`, {
          help: 'For Host, use `host`.',
          envoySays: ':-prefixed or host headers may not be modified',
        })),
  ];
}

function checkPayload(payload: ConfigNode): Diagnostic[] {
  const text = payload.text('text');
  if (text === undefined || /^([\da-f]{2})+$/i.test(text)) return NONE;
  return problem('payload', payload, ['text'], `"${text}" is not an even number of hexadecimal digits.`, {
    help: '`text` is hexadecimal: "68656c6c6f" is what you would read as "hello".',
    envoySays: `invalid hex string '${text}'`,
  });
}

function checkSink(sink: ConfigNode): Diagnostic[] {
  const type = typeOf(sink.child('typed_config'));
  if (type.startsWith('envoy.extensions.health_check.event_sinks.')) return NONE;
  const name = sink.text('name') ?? '';
  return problem('missing_extension', sink, [], `\`${name}\` is no sink of health check events.`, {
    envoySays: `Didn't find a registered implementation for '${name}' with type URL: '${type}'`,
  });
}

function speaksHttp2(node: ConfigNode): boolean {
  const options = node
    .child('typed_extension_protocol_options')
    ?.child('envoy.extensions.upstreams.http.v3.HttpProtocolOptions');
  const isNew = ['explicit_http_config', 'auto_config', 'use_downstream_protocol_config'].some((name) =>
    options?.child(name)?.has('http2_protocol_options'),
  );
  return isNew || node.has('http2_protocol_options') || options?.has('auto_config') === true;
}
