import { wallSeconds } from '#sim';
import { textOfBase64 } from '../../../../matching/base64.ts';
import type { OAuth2Config } from './config.ts';
import type { Tokens } from './token_client.ts';

/** What the cookies of a user who is logged in hold. A token that is not kept is empty. */
export interface Session {
  readonly access: string;
  readonly id: string;
  readonly refresh: string;
  /** Second of the clock at which it is over. */
  readonly expires: string;
  /** How long each cookie stays, in seconds. */
  readonly seconds: { readonly access: number; readonly id: number; readonly refresh: number };
}

/** The session that tokens begin. One whose cookie is switched off is not kept, and not signed. */
export function sessionOf({ node, usesRefreshToken, seconds }: OAuth2Config, tokens: Tokens, nowMs: number): Session {
  const nowS = wallSeconds(nowMs);
  const left = (token: string, otherwise: number): number => {
    const expires = expiryOf(token);
    return expires === undefined ? otherwise : Math.max(expires - nowS, 0);
  };
  const idAsAccess = node.flag('use_access_token_expiry_for_id_token_cookie');
  const keepsRefresh = usesRefreshToken && !node.flag('disable_refresh_token_set_cookie');
  return {
    access: node.flag('disable_access_token_set_cookie') ? '' : tokens.access,
    id: node.flag('disable_id_token_set_cookie') ? '' : tokens.id,
    refresh: keepsRefresh ? tokens.refresh : '',
    expires: String(nowS + tokens.seconds),
    seconds: {
      access: tokens.seconds,
      id: idAsAccess ? tokens.seconds : left(tokens.id, tokens.seconds),
      refresh: left(tokens.refresh, seconds.refresh),
    },
  };
}

/** What the signature of a session signs. */
export const signedText = (domain: string, { expires, access, id, refresh }: Omit<Session, 'seconds'>): string =>
  [domain, expires, access, id, refresh].join('\n');

/** The claim `exp` of a JSON Web Token, in seconds. */
function expiryOf(token: string): number | undefined {
  try {
    const claims = JSON.parse(textOfBase64(token.split('.')[1] ?? '') ?? '') as { exp?: unknown };
    return typeof claims.exp === 'number' && claims.exp !== 0 ? claims.exp : undefined;
  } catch {
    return undefined;
  }
}
