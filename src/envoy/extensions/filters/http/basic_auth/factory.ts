import { sha1 } from '@noble/hashes/legacy.js';
import type { ConfigNode } from '../../../../config_node.ts';
import { textOfSource } from '../../../../data_source.ts';
import {
  defineHttpFilter,
  type FactoryContext,
  type FilterCallbacks,
  type FilterStatus,
} from '../../../../http/filter.ts';
import { base64Of, textOfBase64 } from '../../../../matching/base64.ts';

type Users = ReadonlyMap<string, string>;

function usersOf(node: ConfigNode, { fileSystem }: Pick<FactoryContext, 'fileSystem'>): Users {
  const lines = (textOfSource(node.child('users'), fileSystem) ?? '')
    .split(/\r?\n/)
    .filter((line) => line.includes(':'));
  return new Map(
    lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).replace(/^\{SHA\}/, '')]),
  );
}

/** Checks name and password against SHA-1 lines of htpasswd: extensions/filters/http/basic_auth/basic_auth_filter.cc. */
export const basicAuthFilterFactory = defineHttpFilter<Users>({
  name: 'envoy.filters.http.basic_auth',
  type: 'envoy.extensions.filters.http.basic_auth.v3.BasicAuth',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (config, context) => {
    const own = usersOf(config, context);
    return (callbacks, perRoute) => ({ decode: () => check(config, perRoute ?? own, callbacks) });
  },
  compilePerRoute: usersOf,
});

function check(config: ConfigNode, users: Users, callbacks: FilterCallbacks): FilterStatus {
  const header = config.text('authentication_header')?.toLowerCase() || 'authorization';
  const given = callbacks.request.get(header);
  const refuse = compileRefusal(config, callbacks);
  // Credentials of another kind are as good as none.
  if (given?.startsWith('Basic ') !== true && config.flag('allow_missing')) return 'continue';
  if (given === undefined) return refuse('Missing username and password.', 'no_credential_for_basic_auth');
  if (!given.startsWith('Basic '))
    return refuse("Expected 'Basic' authentication scheme.", 'invalid_scheme_for_basic_auth');
  const pair = textOfBase64(given.slice('basic '.length));
  const colon = pair?.indexOf(':') ?? -1;
  if (pair === undefined || colon < 0)
    return refuse('Invalid basic credential format.', 'invalid_format_for_basic_auth');
  const [user, password] = [pair.slice(0, colon), pair.slice(colon + 1)];
  if (users.get(user) !== base64Of(sha1(new TextEncoder().encode(password))))
    return refuse('Invalid username/password combination.', 'invalid_credential_for_basic_auth');
  letIn(user, config, callbacks);
  return 'continue';
}

function letIn(user: string, config: ConfigNode, callbacks: FilterCallbacks): void {
  callbacks.stats.add(`${callbacks.statPrefix}basic_auth.allowed`);
  if (config.flag('emit_dynamic_metadata')) callbacks.setMetadata(callbacks.filterName, 'username', user);
  const forward = config.text('forward_username_header') ?? '';
  if (forward !== '') callbacks.request.set(forward.toLowerCase(), user);
}

type Refusal = (why: string, details: string) => FilterStatus;

function compileRefusal(config: ConfigNode, callbacks: FilterCallbacks): Refusal {
  return (why, details) => refuse(realmOf(config, callbacks), why, details, callbacks);
}

function realmOf(config: ConfigNode, { request }: FilterCallbacks): string {
  const own = config.text('realm') ?? '';
  if (own !== '') return own.replace(/["\\]/g, '\\$&');
  const path = (request.get(':path') ?? '').split('?')[0];
  return `${request.get(':scheme') ?? 'http'}://${request.get(':authority') ?? ''}${path}`;
}

function refuse(realm: string, why: string, details: string, callbacks: FilterCallbacks): FilterStatus {
  callbacks.stats.add(`${callbacks.statPrefix}basic_auth.denied`);
  callbacks.sendLocalReply({
    status: 401,
    body: `User authentication failed. ${why}`,
    details,
    headers: [['www-authenticate', `Basic realm="${realm}"`]],
  });
  return 'stop_iteration';
}
