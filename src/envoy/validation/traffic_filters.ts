import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { refuseIf, type Check } from './check.ts';
import { checkAddedHeader } from './header_options.ts';

const LAST_GRPC_CODE = 16;

/** `admission_control`: admission_control/config.cc and evaluators/success_criteria_evaluator. */
export const checkAdmissionControl: Check = (node) => {
  const criteria = node.child('success_criteria');
  const ranges = criteria?.child('http_criteria')?.list('http_success_status') ?? [];
  const threshold = node.child('sr_threshold')?.child('default_value')?.number('value');
  const codes = criteria?.child('grpc_criteria');
  const statuses = [codes?.raw('grpc_success_status') ?? []].flat();
  return [
    ...refuseIf(
      threshold !== undefined && threshold < 1,
      node,
      ['sr_threshold', 'default_value', 'value'],
      `\`sr_threshold\` is ${threshold} %, and less than 1 % is not taken.`,
      'Success rate threshold cannot be less than 1.0%.',
    ),
    ...ranges.flatMap(checkSuccessRange),
    ...statuses.flatMap((code, i) =>
      refuseIf(
        typeof code === 'number' && code > LAST_GRPC_CODE,
        codes!,
        ['grpc_success_status', i],
        `\`grpc_success_status\` ${code} is no status of gRPC: they end at ${LAST_GRPC_CODE}.`,
        `invalid gRPC code ${code}`,
      ),
    ),
  ];
};

function checkSuccessRange(range: ConfigNode): Diagnostic[] {
  const [start, end] = [range.number('start') ?? 0, range.number('end') ?? 0];
  return refuseIf(
    start > end || start < 100 || start >= 600 || end > 600,
    range,
    [],
    `\`http_success_status\` from ${start} up to ${end} is no range of statuses.`,
    `invalid HTTP range: [${start}, ${end})`,
  );
}

/** `health_check`: health_check/config.cc. */
export const checkHealthFilter: Check = (node) =>
  refuseIf(
    !node.flag('pass_through_mode') && node.has('cache_time'),
    node,
    ['cache_time'],
    'What Envoy answers by itself needs no cache: `cache_time` belongs to `pass_through_mode: true`.',
    'cache_time_ms must not be set when path_through_mode is disabled',
  );

/** `ext_authz` over HTTP. */
export const checkExtAuthzService: Check = (node) => {
  const prefix = node.text('path_prefix') ?? '';
  return refuseIf(
    prefix !== '' && !prefix.startsWith('/'),
    node,
    ['path_prefix'],
    `\`path_prefix\` "${prefix}" does not begin with a slash.`,
    'path_prefix should start with "/".',
  );
};

/** `ext_proc`: what its modes ask of one another. */
export const checkProcessingMode: Check = (node) => {
  const mode = node.child('processing_mode');
  const of = (field: string): string => mode?.text(field) ?? '';
  const bodies = ['request_body_mode', 'response_body_mode'].find((field) => !['', 'NONE'].includes(of(field)));
  const trailers = ['request_trailer_mode', 'response_trailer_mode'].find((field) => of(field) === 'SEND');
  const beyond = bodies ?? trailers;
  return [
    ...refuseIf(
      node.has('http_service') && beyond !== undefined,
      node,
      ['processing_mode', beyond ?? ''],
      `A processor over HTTP sees headers alone: \`${beyond}\` needs \`grpc_service\`.`,
      'If the ext_proc filter is configured with http_service instead of gRPC service, then the processing modes of this filter can not be configured to send body or trailer.',
    ),
    ...['request', 'response'].flatMap((side) =>
      refuseIf(
        of(`${side}_body_mode`) === 'FULL_DUPLEX_STREAMED' && of(`${side}_trailer_mode`) !== 'SEND',
        node,
        ['processing_mode', `${side}_body_mode`],
        `A body that is streamed full duplex ends by its trailers: \`${side}_trailer_mode\` has to be SEND.`,
        `If the ext_proc filter has the ${side}_body_mode set to FULL_DUPLEX_STREAMED, then the ${side}_trailer_mode has to be set to SEND`,
      ),
    ),
  ];
};

/** `ip_tagging`. */
export const checkIpTagging: Check = (node) =>
  refuseIf(
    node.list('ip_tags').length === 0 && !node.has('ip_tags_file_provider'),
    node,
    [],
    'There are no `ip_tags` to give.',
    'HTTP IP Tagging Filter requires either ip_tags or ip_tags_datasource to be specified.',
  );

/** A rule of `json_to_metadata`. */
export const checkJsonRule: Check = (node) =>
  refuseIf(
    !node.has('on_present') && !node.has('on_missing'),
    node,
    [],
    'The rule does nothing: it needs `on_present` or `on_missing`.',
    'json to metadata filter: neither `on_present` nor `on_missing` set',
  );

/** `local_ratelimit`: a descriptor is there once, and headers that are added are no pseudo-headers. */
export const checkLimitDescriptors: Check = (node) => {
  const seen = new Set<string>();
  const twice = node.list('descriptors').flatMap((one) => {
    const key = one.list('entries').map((entry) => `${entry.text('key') ?? ''}=${entry.text('value') ?? ''}`);
    const text = key.join(', ');
    const isSecond = seen.has(text);
    seen.add(text);
    const says = `duplicate descriptor in the local rate descriptor: ${text}`;
    return refuseIf(isSecond, one, ['entries'], `Two of the \`descriptors\` are for ${text}.`, says);
  });
  const added = ['response_headers_to_add', 'request_headers_to_add_when_not_enforced'];
  return [...twice, ...added.flatMap((field) => node.list(field).flatMap(checkAddedHeader))];
};

/** `dynamic_forward_proxy`, filters and clusters: one name of a cache has one configuration. */
export function differingCaches(caches: readonly ConfigNode[]): Diagnostic[] {
  const known = new Map<string, string>();
  return caches.flatMap((cache) => {
    const [name, text] = [cache.text('name') ?? '', JSON.stringify(cache.value)];
    const first = known.get(name) ?? text;
    known.set(name, first);
    const message = `The DNS cache \`${name}\` is configured elsewhere with other settings.`;
    return refuseIf(first !== text, cache, [], message, `config specified DNS cache '${name}' with different settings`);
  });
}

/** `redis_proxy`. */
export const checkRedis: Check = (node) => {
  const routes = node.child('prefix_routes');
  return refuseIf(
    !routes?.has('catch_all_route') && (routes?.list('routes') ?? []).length === 0,
    node,
    [],
    'It goes nowhere: `prefix_routes` has no route.',
    'cannot configure a redis-proxy without any upstream',
  );
};

/** `bandwidth_limit` of a route: bandwidth_limit.cc, FilterConfig. */
export const checkRouteBandwidth: Check = (node) =>
  refuseIf(
    node.ref.path.some((step) => /^typed_?per_?filter_?config$/i.test(String(step))) && !node.has('limit_kbps'),
    node,
    [],
    'The bandwidth limit of a route needs its `limit_kbps`.',
    'limit must be set for per route filter config',
  );

const WASM_RUNTIMES = /^envoy\.wasm\.runtime\.(v8|null|wamr|wasmtime)$/;

/** `wasm.v3.PluginConfig`. */
export const checkWasmPlugin: Check = (node) => {
  const machine = node.child('vm_config');
  const runtime = machine?.text('runtime') ?? '';
  const isClosed =
    !node.flag('fail_open') && ['FAIL_CLOSED', 'UNSPECIFIED'].includes(node.text('failure_policy') ?? 'UNSPECIFIED');
  return [
    ...refuseIf(
      isClosed && machine !== undefined && !machine.has('code'),
      node,
      ['vm_config'],
      'There is nothing to run: `vm_config` has no `code`.',
      'Plugin failed to load Plugin configured to fail closed failed to load Unable to create Wasm plugin',
    ),
    ...refuseIf(
      isClosed && runtime !== '' && !WASM_RUNTIMES.test(runtime),
      node,
      ['vm_config', 'runtime'],
      `Envoy has no Wasm \`runtime\` "${runtime}"; \`envoy.wasm.runtime.v8\` is the usual one.`,
      'Wasm VM failed Failed to load Wasm code',
    ),
  ];
};
