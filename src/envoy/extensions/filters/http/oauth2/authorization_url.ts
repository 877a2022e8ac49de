import type { OAuth2Config } from './config.ts';
import { percentEncoded } from './token_client.ts';

/** Where a user logs in: the parameters in the order of their names, `resource` behind them. */
export function authorizationUrl(
  { node, clientId }: OAuth2Config,
  login: { readonly state: string; readonly redirectUri: string; readonly challenge: string },
): string {
  const [base = '', own = ''] = (node.text('authorization_endpoint') ?? '').split('?');
  const scopes = node.texts('auth_scopes');
  const query = new Map<string, string>();
  for (const part of own === '' ? [] : own.split('&')) {
    const [name = '', ...rest] = part.split('=');
    query.set(name, rest.join('='));
  }
  query.set('client_id', clientId);
  query.set('response_type', 'code');
  query.set('scope', percentEncoded((scopes.length > 0 ? scopes : ['user']).join(' ')));
  query.set('state', login.state);
  query.set('redirect_uri', percentEncoded(login.redirectUri));
  query.set('code_challenge', login.challenge);
  query.set('code_challenge_method', 'S256');
  const sorted = [...query].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, value]) => `${name}=${value}`);
  const resources = node.texts('resources').map((one) => `&resource=${percentEncoded(one)}`);
  return `${base}?${sorted.join('&')}${resources.join('')}`;
}
