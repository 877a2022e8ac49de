import { didYouMean, nearest, type Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { readUrl } from '../http/url.ts';
import { NONE, problem, type Check, type CheckFacts } from './check.ts';
import { checkFormat } from './formats.ts';

/** `oauth2`: the header Authorization carries one thing, the endpoints are ones, and the secrets are there. */
export const checkOAuth2: Check = (node, facts) => [
  ...checkAuthorization(node),
  ...checkEndpoints(node),
  ...checkSecrets(node, facts),
  ...checkFormat(node, ['redirect_uri'], node.text('redirect_uri') ?? ''),
];

function checkAuthorization(node: ConfigNode): Diagnostic[] {
  const onAuthorization = ['forward_bearer_token', 'preserve_authorization_header'].filter((name) => node.flag(name));
  if (onAuthorization.length < 2) return NONE;
  return problem(
    'authorization',
    node,
    [onAuthorization[1]!],
    '`forward_bearer_token` and `preserve_authorization_header` both say what the header Authorization holds.',
    {
      help: 'Leave one of them out.',
      envoySays:
        'invalid OAuth2 configuration: at most one of forward_bearer_token, preserve_authorization_header, or forward_id_token (when forwarding the ID token on the Authorization header) may be set, as they all use the Authorization header',
    },
  );
}

function checkEndpoints(node: ConfigNode): Diagnostic[] {
  const endpoint = node.text('authorization_endpoint') ?? '';
  // That it is not empty has been said of the field itself.
  if (endpoint !== '' && !readUrl(endpoint))
    return problem('authorization_endpoint', node, ['authorization_endpoint'], `"${endpoint}" is not a URL.`, {
      help: 'Write scheme and host: https://idp.example/authorize.',
      envoySays: `OAuth2 filter: invalid authorization endpoint URL '${endpoint}' in config.`,
    });
  if (!node.text('end_session_endpoint') || node.texts('auth_scopes').includes('openid')) return NONE;
  return problem(
    'end_session_endpoint',
    node,
    ['end_session_endpoint'],
    'Only OpenID Connect has an end session endpoint, and `auth_scopes` does not ask for `openid`.',
    { envoySays: 'OAuth2 filter: end session endpoint is only supported for OpenID Connect.' },
  );
}

const ADD_SECRET =
  'Add it under `static_resources.secrets` as a `generic_secret`, or say where it comes from: `sds_config`.';

/** A secret without a source of its own has to stand among the static ones. */
function checkSecrets(node: ConfigNode, { secrets }: CheckFacts): Diagnostic[] {
  const credentials = node.child('credentials');
  const wanted = [
    ['token_secret', 'token'],
    ['hmac_secret', 'HMAC'],
  ] as const;
  return wanted.flatMap(([field, word]) => {
    const secret = credentials?.child(field);
    const name = secret?.text('name') ?? '';
    if (!secrets || !secret || secret.has('sds_config') || secrets.has(name)) return NONE;
    const meant = nearest(name, secrets);
    return problem('unknown_secret', secret, ['name'], `No static secret is called \`${name}\`.`, {
      ...(meant === undefined ? { help: ADD_SECRET } : didYouMean(name, meant)),
      envoySays: `invalid ${word} secret configuration`,
    });
  });
}
