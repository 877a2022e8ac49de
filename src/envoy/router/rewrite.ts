import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
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
export function rewriteRequest(
  route: Route,
  headers: HeaderMap,
  suppressEnvoyHeaders: boolean,
  clusterHost?: string,
): void {
  const action = route.action!;
  const path = headers.get(':path') ?? '/';
  const rewritten = rewrittenPath(route, action, path);
  if (rewritten !== undefined) {
    if (!suppressEnvoyHeaders) headers.set('x-envoy-original-path', path);
    headers.set(':path', rewritten);
  }
  const host = clusterHost ?? rewrittenHost(action, headers, path);
  if (host !== undefined && host !== '') {
    const before = headers.get(':authority') ?? '';
    if (action.flag('append_x_forwarded_host'))
      headers.set('x-forwarded-host', [...headers.all('x-forwarded-host'), before].join(','));
    if (!suppressEnvoyHeaders && clusterHost === undefined) headers.set('x-envoy-original-host', before);
    headers.set(':authority', host);
  }
}

function rewrittenHost(action: ConfigNode, headers: HeaderMap, path: string): string | undefined {
  const header = action.text('host_rewrite_header');
  if (header !== undefined) return headers.get(header.toLowerCase());
  const regex = action.child('host_rewrite_path_regex');
  return regex ? substituted(regex, withoutQuery(path)) : action.text('host_rewrite_literal');
}

/** Undefined where the action says nothing of the path. */
function rewrittenPath(route: Route, action: ConfigNode, path: string): string | undefined {
  const bare = withoutQuery(path);
  const rest = path.slice(bare.length);
  const regex = action.child('regex_rewrite');
  if (regex) return substituted(regex, bare) + rest;
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
export function redirectOf(route: Route, headers: HeaderMap, scheme: string): { status: number; location: string } {
  const node = route.redirect!;
  const path = headers.get(':path') ?? '/';
  const newScheme = node.flag('https_redirect') ? 'https' : (node.text('scheme_redirect') ?? scheme);
  let host = node.text('host_redirect') ?? withoutDefaultPort(headers.get(':authority') ?? '', scheme, newScheme);
  const port = node.number('port_redirect');
  if (port !== undefined) host = `${host.replace(/:\d+$/, '')}:${port}`;
  let target = redirectedPath(route, node, path);
  if (node.flag('strip_query')) target = withoutQuery(target);
  return {
    status: STATUS_OF_REDIRECT[node.text('response_code') ?? ''] ?? 301,
    location: `${newScheme}://${host}${target}`,
  };
}

/** A redirect that rewrites the path writes it into the request too, where the log finds it: router.cc, rewritePathHeader. */
export function rewriteRedirected(route: Route, headers: HeaderMap, suppressEnvoyHeaders: boolean): void {
  const node = route.redirect!;
  if (node.has('path_redirect') || !(node.has('prefix_rewrite') || node.has('regex_rewrite'))) return;
  const path = headers.get(':path') ?? '/';
  if (!suppressEnvoyHeaders) headers.set('x-envoy-original-path', path);
  headers.set(':path', redirectedPath(route, node, path));
}

/** A port that says only the old scheme is dropped when the scheme changes. */
function withoutDefaultPort(host: string, scheme: string, newScheme: string): string {
  if (scheme === newScheme) return host;
  return host.replace(scheme === 'http' ? /:80$/ : /:443$/, '');
}

function redirectedPath(route: Route, node: ConfigNode, path: string): string {
  const bare = withoutQuery(path);
  const query = path.slice(bare.length);
  const whole = node.text('path_redirect');
  if (whole !== undefined) return whole.includes('?') ? whole : whole + query;
  const regex = node.child('regex_rewrite');
  if (regex) return substituted(regex, bare) + query;
  const prefix = node.text('prefix_rewrite');
  return prefix === undefined ? path : prefix + bare.slice(matchedLength(route, bare)) + query;
}
