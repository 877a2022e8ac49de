import { durationMs } from '#api';
import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, refuseIf, type Check } from './check.ts';

const MIN_FILL_MS = 50;

/** `api_key_auth`: a key belongs to one client. */
export const checkApiKeys: Check = (node) => {
  const seen = new Set<string>();
  return node.list('credentials').flatMap((one) => {
    const key = one.text('key') ?? '';
    if (!seen.has(key)) return (seen.add(key), NONE);
    return problem('duplicate_key', one, ['key'], `The key "${key}" stands for two clients.`, {
      envoySays: `Duplicated credential key: '${key}'`,
    });
  });
};

/** `basic_auth`: lines of `name:{SHA}hash`, as `htpasswd -s` writes them. */
export const checkBasicAuth: Check = (node) => {
  const users = node.child('users');
  if (!users || Object.keys(users.value).length === 0)
    return problem('users', node, users ? ['users'] : [], 'Nobody could log in: `users` is empty.', {
      envoySays: 'Unexpected DataSource::specifier_case(): 0',
    });
  const lines = (users.text('inline_string') ?? '').split('\n').filter((line) => line.trim() !== '');
  const broken = lines.find((line) => !/^[^:]+:\{SHA\}.{28}$/.test(line.trim()));
  if (broken === undefined) return NONE;
  return problem(
    'users',
    node,
    ['users', 'inline_string'],
    `The line "${broken.trim()}" is not of the form name:{SHA}hash.`,
    {
      help: 'Write it with `htpasswd -nbs NAME PASSWORD`.',
      envoySays: 'basic auth: unsupported htpasswd format: please use {SHA}',
    },
  );
};

/** `ext_proc`: one service to ask. */
export const checkExtProc: Check = (node) =>
  node.has('grpc_service') !== node.has('http_service')
    ? NONE
    : problem('service', node, [], 'Exactly one of `grpc_service` and `http_service` says where the processor is.', {
        envoySays: 'One and only one of grpc_service or http_service must be configured',
      });

/** `header_to_metadata`. */
export const checkHeaderToMetadata: Check = (node) =>
  ['request_rules', 'response_rules'].flatMap((field) => node.list(field).flatMap(checkHeaderRule));

function checkHeaderRule(rule: ConfigNode): Diagnostic[] {
  const [header, cookie] = [rule.text('header') ?? '', rule.text('cookie') ?? ''];
  if (header === '' && cookie === '')
    return problem('rule', rule, [], 'The rule names neither a `header` nor a `cookie`.', {
      envoySays: 'One of Cookie or Header option needs to be specified',
    });
  if (!rule.has('on_header_present') && !rule.has('on_header_missing'))
    return problem(
      'rule',
      rule,
      [],
      `The rule for \`${header || cookie}\` does nothing: it needs \`on_header_present\` or \`on_header_missing\`.`,
      {
        envoySays: `header to metadata filter: rule for header '${header}' has neither \`on_header_present\` nor \`on_header_missing\` set`,
      },
    );
  const missing = rule.child('on_header_missing');
  if (!missing || (missing.text('value') ?? '') !== '') return NONE;
  return problem('rule', rule, ['on_header_missing'], 'What a missing header stands for needs a `value`.', {
    envoySays: 'Cannot specify on_header_missing rule with an empty value',
  });
}

/** `jwt_authn`: providers that are named exist, and their keys can be read. */
export const checkJwtAuthn: Check = (node) => {
  const providers = node.child('providers');
  const names = new Set(Object.keys(providers?.value ?? {}));
  const states = node.child('filter_state_rules');
  const requirements = [
    ...node.list('rules').flatMap((rule) => rule.child('requires') ?? []),
    ...mapped(node, 'requirement_map'),
    ...(states ? mapped(states, 'requires') : []),
  ];
  const known = Object.keys(node.child('requirement_map')?.value ?? {});
  return [
    ...[...names].flatMap((name) => checkLocalJwks(providers!.child(name), name)),
    ...requirements.flatMap((one) => checkRequirement(one, names)),
    ...node.list('rules').flatMap((rule) => {
      const name = rule.text('requirement_name') ?? '';
      return refuseIf(
        name !== '' && !known.includes(name),
        rule,
        ['requirement_name'],
        `\`requirement_map\` has no \`${name}\`.`,
        `Wrong requirement_name: ${name}. It should be one of [${known.join(', ')}]`,
      );
    }),
  ];
};

const mapped = (node: ConfigNode, field: string): ConfigNode[] => {
  const map = node.child(field);
  return Object.keys(map?.value ?? {}).flatMap((key) => map!.child(key) ?? []);
};

function checkLocalJwks(provider: ConfigNode | undefined, name: string): Diagnostic[] {
  const text = provider?.child('local_jwks')?.text('inline_string');
  if (text === undefined || hasKeys(text)) return NONE;
  return problem(
    'jwks',
    provider!,
    ['local_jwks'],
    `The keys of the provider \`${name}\` cannot be read: a JWKS is JSON with a list called "keys".`,
    {
      envoySays: `Provider '${name}' in jwt_authn config has invalid local jwks: Jwks does not have [keys] field`,
    },
  );
}

function hasKeys(text: string): boolean {
  try {
    const keys = (JSON.parse(text) as { keys?: unknown } | null)?.keys;
    return Array.isArray(keys) && keys.length > 0;
  } catch {
    // What is no JSON at all is taken for a key in PEM, and missed only when a token comes.
    return true;
  }
}

function checkRequirement(node: ConfigNode, names: ReadonlySet<string>): Diagnostic[] {
  const name = node.text('provider_name') ?? node.child('provider_and_audiences')?.text('provider_name');
  const inner = ['requires_any', 'requires_all'].flatMap((field) => node.child(field)?.list('requirements') ?? []);
  const own =
    name === undefined || names.has(name)
      ? NONE
      : problem('provider', node, [], `No provider is called \`${name}\`.`, {
          envoySays: `Required provider ['${name}'] is not configured.`,
        });
  return [...own, ...inner.flatMap((one) => checkRequirement(one, names))];
}

/** `local_ratelimit`: Envoy's timers are not finer than 50 ms. */
export const checkLocalRateLimit: Check = (node) => {
  const ms = durationMs(node.child('token_bucket')?.text('fill_interval'));
  if (ms === undefined || ms >= MIN_FILL_MS) return NONE;
  return problem(
    'token_bucket',
    node,
    ['token_bucket', 'fill_interval'],
    `The bucket is filled every ${ms} ms; at least ${MIN_FILL_MS} ms are needed.`,
    {
      help: 'Fill it less often with more `tokens_per_fill`.',
      envoySays: 'local rate limit token bucket fill timer must be >= 50ms',
    },
  );
};

/** `local_cluster_rate_limit`: all Envoys of a kind share what they count, not each of their connections. */
export const checkSharedLimit: Check = (node, { hasLocalCluster }) => {
  if (!node.child('local_cluster_rate_limit')) return NONE;
  if (node.flag('local_rate_limit_per_downstream_connection'))
    return problem(
      'local_cluster',
      node,
      ['local_rate_limit_per_downstream_connection'],
      'A limit of each connection cannot be shared among Envoys.',
      {
        envoySays: 'local_cluster_rate_limit is set and local_rate_limit_per_downstream_connection is set to true',
      },
    );
  if (hasLocalCluster !== false) return NONE;
  return problem(
    'local_cluster',
    node,
    ['local_cluster_rate_limit'],
    'The limit is shared among the Envoys of a cluster, and nothing says which cluster that is.',
    {
      help: 'Name it in `cluster_manager.local_cluster_name`.',
      envoySays: 'local_cluster_rate_limit is set but no local cluster name is present',
    },
  );
};
