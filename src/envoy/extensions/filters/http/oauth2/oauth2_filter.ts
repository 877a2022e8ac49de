import { wallSeconds } from '#sim';
import type { Call, HttpClient } from '../../../../http/clients.ts';
import { cookieValue } from '../../../../http/cookies.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { readUrl } from '../../../../http/url.ts';
import { randomHex } from '../../../../tracing/random_hex.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { expand } from '../../../../formatter/format_text.ts';
import { authorizationUrl } from './authorization_url.ts';
import type { CookieKind, OAuth2Config } from './config.ts';
import {
  deleted,
  deletedFlow,
  flowCookie,
  flowCookieNames,
  joinChunks,
  kept,
  removeCookies,
  setCookies,
  type SetCookie,
} from './cookie_jar.ts';
import { base64UrlOf, challengeOf, decrypt, encrypt, oldSignatureOf, randomBytes, signatureOf } from './crypto.ts';
import { csrfTokenOf, isAllowedDomain, readCallback, stateOf } from './login_state.ts';
import { sessionOf, signedText, type Session } from './session.ts';
import { askForTokens, percentEncoded, type Grant, type Tokens } from './token_client.ts';

const NONCE_DIGITS = 16;
const VERIFIER_BYTES = 32;
const TOKENS = ['bearer', 'id', 'refresh'] as const;

/** One request at the door: extensions/filters/http/oauth2/filter.cc. */
export class OAuth2Filter implements HttpFilter {
  readonly #config: OAuth2Config;
  readonly #client: HttpClient;
  readonly #callbacks: FilterCallbacks;
  #secret = '';
  /** The login that this request ends, once it can be trusted. */
  #flow = '';
  #call: Call | undefined;
  /** A session that was renewed on the way: the response brings its cookies. */
  #renewed: Session | undefined;

  constructor(config: OAuth2Config, { httpClient }: { readonly httpClient: HttpClient }, callbacks: FilterCallbacks) {
    this.#config = config;
    this.#client = httpClient;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    const { stats, node } = this.#config;
    for (const name of ['x-envoy-oauth-status', 'x-envoy-oauth-failure-reason']) request.remove(name);
    if (this.#config.passesThrough(request)) return (stats.oauth_passthrough.add(1), 'continue');
    const secret = this.#config.hmacSecret();
    if (!secret || (!this.#config.tokenSecret() && node.text('auth_type') !== 'TLS_CLIENT_AUTH'))
      return this.#refuse('OAuth2 secrets are not ready', 503, 'Service Unavailable');
    this.#secret = secret;
    joinChunks(this.#config, request, TOKENS);
    if (!node.flag('disable_token_encryption')) this.#decryptCookies();
    if (!node.flag('preserve_authorization_header')) request.remove('authorization');
    const path = request.get(':path') ?? '';
    if (this.#config.isSignout(path)) return this.#signOut();
    const isCallback = this.#config.isRedirectPath(path);
    if (this.#isLoggedIn()) return isCallback ? this.#goBack() : this.#letIn();
    return isCallback ? this.#endLogin() : this.#askForLogin(path);
  }

  encode(response: HttpResponse): HttpResponse {
    if (this.#renewed)
      for (const [name, value] of this.#sessionCookies(this.#renewed)) response.headers.add(name, value);
    return response;
  }

  onDestroy(): void {
    this.#call?.cancel();
  }

  #cookie(kind: CookieKind): string {
    return cookieValue(this.#callbacks.request, this.#config.cookies[kind].name) ?? '';
  }

  get #nowS(): number {
    return wallSeconds(this.#callbacks.dispatcher.nowMs);
  }

  get #host(): string {
    return this.#callbacks.request.get(':authority') ?? '';
  }

  /** Tokens that cannot be decrypted stay as they are: they may be from before encryption. */
  #decryptCookies(): void {
    const read = new Map<string, string>();
    for (const kind of TOKENS) {
      const sealed = this.#cookie(kind);
      if (sealed === '') continue;
      const opened = this.#decrypt(sealed);
      read.set(this.#config.cookies[kind].name, 'text' in opened && isHeaderValue(opened.text) ? opened.text : sealed);
    }
    if (read.size > 0) setCookies(this.#callbacks.request, read);
  }

  #decrypt(sealed: string): ReturnType<typeof decrypt> {
    const opened = decrypt(sealed, this.#secret);
    if ('text' in opened) this.#config.stats.oauth_legacy_cbc_decrypt.add(1);
    return opened;
  }

  /** What a session is signed for. */
  get #domain(): string {
    return this.#config.cookieDomain || this.#host;
  }

  #isLoggedIn(): boolean {
    const [expires, hmac] = [this.#cookie('expires'), this.#cookie('hmac')];
    const [access, id, refresh] = TOKENS.map((kind) => this.#cookie(kind)) as [string, string, string];
    const text = signedText(this.#domain, { expires, access, id, refresh });
    const isSigned = [signatureOf, oldSignatureOf].some((sign) => sign(this.#secret, text) === hmac);
    const isLoggedIn = isSigned && /^\d+$/.test(expires) && Number(expires) > this.#nowS;
    this.#callbacks.trace?.record({
      kind: 'oauth2_session',
      state: isLoggedIn ? 'matched' : 'failed',
      because: this.#config.node.ref,
      sentence: this.#sessionSentence(isSigned, expires, hmac),
    });
    if (!isLoggedIn) return false;
    this.#config.stats.oauth_success.add(1);
    this.#forwardBearer(access);
    this.#forwardId(id);
    return true;
  }

  #sessionSentence(isSigned: boolean, expires: string, hmac: string): string {
    const { name } = this.#config.cookies.hmac;
    if (hmac === '') return `The request has no cookie \`${name}\`: nobody is logged in.`;
    if (!isSigned) return `The cookie \`${name}\` does not sign the other cookies of this host: nobody is logged in.`;
    return Number(expires) > this.#nowS ? 'The session is signed and not over.' : 'The session is over.';
  }

  #forwardBearer(token: string): void {
    if (this.#config.node.flag('forward_bearer_token') && token !== '')
      this.#callbacks.request.set('authorization', `Bearer ${token}`);
  }

  /** In `Authorization` as a bearer token, in any other header as it is. */
  #forwardId(token: string): void {
    const header = this.#config.node.child('forward_id_token')?.text('header')?.toLowerCase();
    if (!header) return;
    // What the client sends is not believed.
    if (token === '') this.#callbacks.request.remove(header);
    else this.#callbacks.request.set(header, header === 'authorization' ? `Bearer ${token}` : token);
  }

  #letIn(): FilterStatus {
    this.#removeFlowCookies();
    return 'continue';
  }

  /** Upstreams see the tokens, and nothing else that the filter keeps with the client. */
  #removeFlowCookies(): void {
    const { request } = this.#callbacks;
    const { cookies } = this.#config;
    const flows = (['nonce', 'verifier'] as const).flatMap((kind) => flowCookieNames(this.#config, request, kind));
    removeCookies(request, [cookies.hmac.name, cookies.expires.name, cookies.refresh.name, ...flows]);
  }

  /** Logged in meanwhile, by another tab perhaps: on to where the user wanted to go. */
  #goBack(): FilterStatus {
    const callback = readCallback(this.#config, this.#callbacks.request, this.#secret);
    this.#flow = callback.flow;
    if (!callback.isValid) return this.#refuse(callback.details);
    const path = readUrl(callback.url)?.path || '/';
    if (this.#config.isRedirectPath(path))
      return this.#refuse(`State url query params matches the redirect path matcher: ${path}`);
    return this.#redirect(callback.url, 'oauth.race_redirect', deletedFlow(this.#config, this.#flow));
  }

  #askForLogin(path: string): FilterStatus {
    const { request } = this.#callbacks;
    const refresh = this.#cookie('refresh');
    if (this.#config.usesRefreshToken && refresh !== '') return this.#askForTokens({ kind: 'refresh', token: refresh });
    if (this.#config.allowsFailed(request))
      return this.#goOnUnauthorized(
        `Unauthorized, and forwarding as unauthorized because OAuth failure is allowed: ${path}`,
      );
    if (this.#config.deniesRedirect(request))
      return this.#refuse(`Unauthorized, and redirecting to OAuth server is not allowed: ${path}`);
    return this.#startLogin();
  }

  #goOnUnauthorized(reason: string): FilterStatus {
    const { request } = this.#callbacks;
    const { cookies, stats } = this.#config;
    removeCookies(request, [cookies.bearer.name, cookies.id.name]);
    this.#removeFlowCookies();
    request.set('x-envoy-oauth-status', 'failed');
    request.set('x-envoy-oauth-failure-reason', reason);
    stats.oauth_allow_failed_passthrough.add(1);
    return 'continue';
  }

  #startLogin(): FilterStatus {
    const { request, random } = this.#callbacks;
    const { node, allowedDomains, seconds } = this.#config;
    const scheme = request.get(':scheme') === 'http' ? 'http' : 'https';
    const own = node.text('original_request_uri') ?? '';
    const base = own === '' ? `${scheme}://${this.#host}` : this.#format(own);
    if (!isAllowedDomain(base, allowedDomains))
      return this.#refuse(`authority or original_request_uri failed domain allow-list validation: ${base}`);
    const redirectUri = this.#format(node.text('redirect_uri') ?? '');
    if (!isAllowedDomain(redirectUri, allowedDomains))
      return this.#refuse(`redirect_uri failed domain allow-list validation: ${redirectUri}`);
    const flow = randomHex(random, NONCE_DIGITS);
    const token = csrfTokenOf(flow, this.#secret);
    const verifier = base64UrlOf(randomBytes(random, VERIFIER_BYTES));
    const sealed = encrypt(verifier, this.#secret, random);
    const url = authorizationUrl(this.#config, {
      state: stateOf(base + (request.get(':path') ?? ''), token, flow),
      redirectUri,
      challenge: challengeOf(verifier),
    });
    this.#config.stats.oauth_unauthorized_rq.add(1);
    return this.#redirect(url, 'oauth.missing_credentials', [
      kept(this.#config, 'nonce', token, seconds.nonce, flow),
      kept(this.#config, 'nonce', token, seconds.nonce),
      kept(this.#config, 'verifier', sealed, seconds.verifier, flow),
      kept(this.#config, 'verifier', sealed, seconds.verifier),
    ]);
  }

  #format(text: string): string {
    return expand(text, this.#callbacks.formatterContext());
  }

  #signOut(): FilterStatus {
    const { request } = this.#callbacks;
    const { node, clientId } = this.#config;
    const home = `${request.get(':scheme') ?? 'http'}://${this.#host}/`;
    const cookies = [
      ...(['hmac', 'bearer', 'id', 'refresh', 'expires'] as const).map((kind) => deleted(this.#config, kind)),
      ...(['nonce', 'verifier'] as const).flatMap((kind) =>
        flowCookieNames(this.#config, request, kind).map((name) => deleted(this.#config, kind, name)),
      ),
    ];
    const endpoint = node.text('end_session_endpoint') ?? '';
    if (endpoint === '') return this.#redirect(home, 'oauth.sign_out', cookies);
    const after = node.child('post_logout_redirect_uri');
    const uri = after?.text('uri') ?? '';
    const back = after?.flag('disabled')
      ? ''
      : `&post_logout_redirect_uri=${percentEncoded(uri === '' ? home : this.#format(uri))}`;
    const location = `${endpoint}?id_token_hint=${this.#cookie('id')}&client_id=${clientId}${back}`;
    return this.#redirect(location, 'oauth.sign_out', cookies);
  }

  #endLogin(): FilterStatus {
    const { request } = this.#callbacks;
    const callback = readCallback(this.#config, request, this.#secret);
    this.#flow = callback.flow;
    if (!callback.isValid) return this.#refuse(callback.details);
    const sealed = flowCookie(this.#config, request, 'verifier', callback.flow);
    if (sealed === undefined || sealed === '') return this.#refuse('Code verifier cookie is missing in the request');
    const opened = this.#decrypt(sealed);
    if ('error' in opened) return this.#refuse(`Failed to decrypt code verifier: ${sealed}, error: ${opened.error}`);
    const redirectUri = this.#format(this.#config.node.text('redirect_uri') ?? '');
    const { code, url } = callback;
    return this.#askForTokens({ kind: 'code', code, redirectUri, verifier: opened.text }, url);
  }

  /** Waits for the token endpoint; `url` is where a login goes back to. */
  #askForTokens(grant: Grant, url = ''): FilterStatus {
    let status: FilterStatus = 'stop_iteration';
    let isAsking = true;
    this.#call = askForTokens(this.#config, this.#client, grant, (answer) => {
      this.#call = undefined;
      if (answer.kind !== 'tokens') status = this.#onFailure(grant, answer);
      else if (grant.kind === 'refresh') status = this.#onRefreshed(answer.tokens);
      else {
        this.#config.stats.oauth_success.add(1);
        const session = sessionOf(this.#config, answer.tokens, this.#callbacks.dispatcher.nowMs);
        const cookies = [...this.#sessionCookies(session), ...deletedFlow(this.#config, this.#flow)];
        status = this.#redirect(url, 'oauth.logged_in', cookies);
      }
      if (!isAsking && status === 'continue') this.#callbacks.continueDecoding();
    });
    isAsking = false;
    return status;
  }

  #onFailure(grant: Grant, { kind, details }: { readonly kind: string; readonly details: string }): FilterStatus {
    const { request } = this.#callbacks;
    if (grant.kind === 'code' || kind === 'unreadable')
      return this.#config.allowsFailed(request) && !this.#config.isRedirectPath(request.get(':path') ?? '')
        ? this.#goOnUnauthorized(details.split(': ')[0]!)
        : this.#refuse(details);
    this.#config.stats.oauth_refreshtoken_failure.add(1);
    if (this.#config.allowsFailed(request))
      return this.#goOnUnauthorized(
        'Failed to refresh the access token, and forwarding as unauthorized because OAuth failure is allowed',
      );
    if (this.#config.deniesRedirect(request))
      return this.#refuse('Failed to refresh the access token, and redirecting to OAuth server is not allowed');
    return this.#startLogin();
  }

  #onRefreshed(tokens: Tokens): FilterStatus {
    const { cookies, stats } = this.#config;
    const whole = { ...tokens, refresh: tokens.refresh || this.#cookie('refresh') };
    const session = sessionOf(this.#config, whole, this.#callbacks.dispatcher.nowMs);
    const renewed = new Map([[cookies.expires.name, session.expires]]);
    if (session.access !== '') renewed.set(cookies.bearer.name, session.access);
    if (session.id !== '') renewed.set(cookies.id.name, session.id);
    setCookies(this.#callbacks.request, renewed);
    this.#forwardBearer(session.access);
    this.#forwardId(session.id);
    this.#renewed = session;
    stats.oauth_refreshtoken_success.add(1);
    stats.oauth_success.add(1);
    return this.#letIn();
  }

  #sessionCookies(session: Session): SetCookie[] {
    const config = this.#config;
    const { access, id, refresh, expires, seconds } = session;
    const sealed = (token: string): string =>
      config.node.flag('disable_token_encryption') ? token : encrypt(token, this.#secret, this.#callbacks.random);
    const one = (kind: CookieKind, token: string, maxAge: number): SetCookie[] => {
      if (token !== '') return [kept(config, kind, sealed(token), maxAge)];
      return this.#cookie(kind) === '' ? [] : [deleted(config, kind)];
    };
    return [
      kept(config, 'hmac', signatureOf(this.#secret, signedText(this.#domain, session)), seconds.access),
      kept(config, 'expires', expires, seconds.access),
      ...one('bearer', access, seconds.access),
      ...one('id', id, seconds.id),
      ...one('refresh', refresh, seconds.refresh),
    ];
  }

  #refuse(details: string, status = 401, body = 'OAuth flow failed.'): FilterStatus {
    this.#config.stats.oauth_failure.add(1);
    const headers = this.#flow === '' ? [] : deletedFlow(this.#config, this.#flow);
    this.#callbacks.sendLocalReply({ status, body, details: details.replace(/\s/g, '_'), headers });
    return 'stop_iteration';
  }

  #redirect(location: string, details: string, cookies: readonly SetCookie[]): FilterStatus {
    const headers = new HeaderMap([...cookies, ['location', location]]);
    this.#callbacks.respond({ status: 302, headers, body: '' }, { details });
    return 'stop_iteration';
  }
}

const isHeaderValue = (text: string): boolean => !/[\0\r\n]/.test(text);
