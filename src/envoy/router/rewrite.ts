import { expand } from '../formatter/format_text.ts';
import type { Stream } from '../http/stream.ts';
import type { Route } from './route.ts';
import { substituted } from '../matching/substitution.ts';
import { withoutQuery } from './route_match.ts';
import { compileUriTemplate, type UriTemplate } from './uri_template.ts';

const STATUS_OF_REDIRECT: Record<string, number> = {
  MOVED_PERMANENTLY: 301,
  FOUND: 302,
  SEE_OTHER: 303,
  TEMPORARY_REDIRECT: 307,
  PERMANENT_REDIRECT: 308,
};

/** Changes path and Host as the route action says, and keeps the old path in x-envoy-original-path. */
export function rewriteRequest(stream: Stream, clusterHost?: string): void {
  const { request, router } = stream;
  const path = request.get(':path') ?? '/';
  const rewritten = rewrittenPath(stream, path);
  if (rewritten !== undefined) {
    if (!router.suppressEnvoyHeaders) request.set('x-envoy-original-path', path);
    request.set(':path', rewritten);
  }
  const host = clusterHost ?? rewrittenHost(stream, path);
  if (host !== undefined && host !== '') setAuthority(stream, host, clusterHost === undefined);
}

/** `auto_host_rewrite`: Host becomes the name of the endpoint, where it has one. */
export function rewriteToHost(stream: Stream, hostname: string): void {
  if (hostname !== '' && stream.route!.action!.flag('auto_host_rewrite')) setAuthority(stream, hostname, true);
}

/** http/utility.cc, updateAuthority. */
function setAuthority({ request, route, router }: Stream, host: string, keepsOriginal: boolean): void {
  const before = request.get(':authority') ?? '';
  if (route!.action!.flag('append_x_forwarded_host'))
    request.set('x-forwarded-host', [...request.all('x-forwarded-host'), before].join(','));
  if (!router.suppressEnvoyHeaders && keepsOriginal) request.set('x-envoy-original-host', before);
  request.set(':authority', host);
}

function rewrittenHost(stream: Stream, path: string): string | undefined {
  const action = stream.route!.action!;
  const header = action.text('host_rewrite_header');
  if (header !== undefined) return stream.request.get(header.toLowerCase());
  const format = action.text('host_rewrite');
  if (format !== undefined) return expand(format, stream.context(), '-');
  const regex = action.child('host_rewrite_path_regex');
  return regex ? substituted(regex, withoutQuery(path)) : action.text('host_rewrite_literal');
}

/** Undefined where the action says nothing of the path. */
function rewrittenPath(stream: Stream, path: string): string | undefined {
  const route = stream.route!;
  const action = route.action!;
  const bare = withoutQuery(path);
  const rest = path.slice(bare.length);
  const regex = action.child('regex_rewrite');
  if (regex) return substituted(regex, bare) + rest;
  const format = action.text('path_rewrite');
  if (format !== undefined) return expand(format, stream.context()) + rest;
  const prefix = action.text('prefix_rewrite');
  if (prefix !== undefined) return prefix + bare.slice(matchedLength(route, bare)) + rest;
  const template = action.child('path_rewrite_policy')?.child('typed_config')?.text('path_template_rewrite');
  return template === undefined ? undefined : rewriteByTemplate(route, template, bare) + rest;
}

/** How much of the path the route's match stands for: the prefix, or for every other kind the whole path. */
function matchedLength(route: Route, bare: string): number {
  const match = route.match!;
  return (match.text('prefix') ?? match.text('path_separated_prefix') ?? bare).length;
}

const captures = new WeakMap<Route, UriTemplate>();

/** Puts the segments that the match's URI template captured into the template of the rewrite. */
function rewriteByTemplate(route: Route, template: string, bare: string): string {
  let capture = captures.get(route);
  if (!capture) {
    const pattern = route.match?.child('path_match_policy')?.child('typed_config')?.text('path_template') ?? '';
    captures.set(route, (capture = compileUriTemplate(pattern)));
  }
  const captured = capture(bare) ?? {};
  return template.replace(/\{(\w+)\}/g, (_, name: string) => captured[name] ?? '');
}

/** Status and location of a redirect. */
export function redirectOf(stream: Stream): { status: number; location: string } {
  const { request: headers, connection } = stream;
  const node = stream.route!.redirect!;
  const path = headers.get(':path') ?? '/';
  const scheme = connection.tls ? 'https' : 'http';
  const newScheme = node.flag('https_redirect') ? 'https' : (node.text('scheme_redirect') ?? scheme);
  let host = node.text('host_redirect') ?? withoutDefaultPort(headers.get(':authority') ?? '', scheme, newScheme);
  const port = node.number('port_redirect');
  if (port !== undefined) host = `${host.replace(/:\d+$/, '')}:${port}`;
  let target = redirectedPath(stream, path);
  if (node.flag('strip_query')) target = withoutQuery(target);
  return {
    status: STATUS_OF_REDIRECT[node.text('response_code') ?? ''] ?? 301,
    location: `${newScheme}://${host}${target}`,
  };
}

/** A redirect that rewrites the path writes it into the request too, where the log finds it: router.cc, rewritePathHeader. */
export function rewriteRedirected(stream: Stream): void {
  const { request: headers, router } = stream;
  const node = stream.route!.redirect!;
  if (node.has('path_redirect') || !(node.has('prefix_rewrite') || node.has('regex_rewrite'))) return;
  const path = headers.get(':path') ?? '/';
  if (!router.suppressEnvoyHeaders) headers.set('x-envoy-original-path', path);
  headers.set(':path', redirectedPath(stream, path));
}

/** A port that says only the old scheme is dropped when the scheme changes. */
function withoutDefaultPort(host: string, scheme: string, newScheme: string): string {
  if (scheme === newScheme) return host;
  return host.replace(scheme === 'http' ? /:80$/ : /:443$/, '');
}

/** A new path may bring a query of its own. */
const withQuery = (path: string, query: string): string => (path.includes('?') ? path : path + query);

function redirectedPath(stream: Stream, path: string): string {
  const route = stream.route!;
  const node = route.redirect!;
  const bare = withoutQuery(path);
  const query = path.slice(bare.length);
  const whole = node.text('path_redirect');
  if (whole !== undefined) return withQuery(whole, query);
  const regex = node.child('regex_rewrite');
  if (regex) return substituted(regex, bare) + query;
  const format = node.text('path_rewrite');
  if (format !== undefined) return withQuery(expand(format, stream.context()), query);
  const prefix = node.text('prefix_rewrite');
  return prefix === undefined ? path : prefix + bare.slice(matchedLength(route, bare)) + query;
}
