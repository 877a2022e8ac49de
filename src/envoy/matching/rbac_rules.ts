import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { compileMetadataMatcher } from './metadata_matcher.ts';
import { hostOf, portOf } from '../network/address.ts';
import { isInCidr } from '../network/cidr.ts';
import { compileHeaderMatcher, compilePathMatcher, withoutQuery } from '../router/route_match.ts';
import { compileUriTemplate } from '../router/uri_template.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import type { Connection } from '../seams.ts';

/** What a rule looks at. */
export interface RbacFacts {
  readonly request: HeaderMap;
  readonly connection: Connection;
  readonly dynamicMetadata: JsonObject;
  readonly filterState: ReadonlyMap<string, string>;
  readonly log: Readonly<Record<string, string | number>>;
  readonly route?: { readonly node: ConfigNode } | undefined;
}

export type Rule = (facts: RbacFacts) => boolean;

type Compile = (node: ConfigNode) => Rule;

const all =
  (field: string): Compile =>
  (node) => {
    const rules = node.list(field).map(compileRule);
    return (facts) => rules.every((rule) => rule(facts));
  };
const any =
  (field: string): Compile =>
  (node) => {
    const rules = node.list(field).map(compileRule);
    return (facts) => rules.some((rule) => rule(facts));
  };
const not: Compile = (node) => {
  const rule = compileRule(node);
  return (facts) => !rule(facts);
};
const ip =
  (addressOf: (facts: RbacFacts) => string): Compile =>
  (node) =>
  (facts) =>
    isInCidr(addressOf(facts), node);

/** Permissions and principals share most of their kinds: one table for both, by the field that is set. */
const KINDS: Readonly<Record<string, Compile>> = {
  and_rules: all('rules'),
  or_rules: any('rules'),
  not_rule: not,
  and_ids: all('ids'),
  or_ids: any('ids'),
  not_id: not,
  header: (node) => {
    const mismatch = compileHeaderMatcher(node);
    return ({ request }) => mismatch(request, '') === undefined;
  },
  url_path: (node) => {
    const fits = compilePathMatcher(node);
    return ({ request }) => fits(request.get(':path') ?? '');
  },
  destination_ip: ip(({ connection }) => hostOf(connection.localAddress)),
  destination_port_range:
    (node) =>
    ({ connection }) =>
      portOf(connection.localAddress) >= (node.number('start') ?? 0) &&
      portOf(connection.localAddress) < (node.number('end') ?? 0),
  source_ip: ip(({ connection }) => hostOf(connection.remoteAddress)),
  direct_remote_ip: ip(({ connection }) => hostOf(connection.remoteAddress)),
  remote_ip: ip(({ log }) => String(log['remote'] ?? '')),
  metadata: (node) => {
    const matches = compileMetadataMatcher(node);
    return ({ dynamicMetadata }) => matches(dynamicMetadata);
  },
  sourced_metadata: (node) => {
    const matcher = node.child('metadata_matcher');
    const matches = matcher ? compileMetadataMatcher(matcher) : () => false;
    const isOfRoute = node.text('metadata_source') === 'ROUTE';
    return ({ dynamicMetadata, route }) =>
      matches(isOfRoute ? (route?.node.child('metadata')?.child('filter_metadata')?.value ?? {}) : dynamicMetadata);
  },
  uri_template: (node) => {
    const template = compileUriTemplate(node.child('typed_config')?.text('path_template') ?? '');
    return ({ request }) => template(withoutQuery(request.get(':path') ?? '')) !== undefined;
  },
  requested_server_name: (node) => {
    const mismatch = compileStringMatcher(node);
    return ({ log }) => mismatch(String(log['sni'] ?? '')) === undefined;
  },
  authenticated: (node) => {
    const name = node.child('principal_name');
    const mismatch = name && compileStringMatcher(name);
    return ({ connection }) => {
      const peer = connection.tls?.peer;
      if (!peer || !mismatch) return peer !== undefined;
      // URI names first, then DNS names, then the subject: filters/common/rbac/matchers.cc.
      const names = ['URI:', 'DNS:'].map((kind) =>
        peer.sans.filter((san) => san.startsWith(kind)).map((san) => san.slice(kind.length)),
      );
      const shown = names.find((some) => some.length > 0) ?? [`CN=${peer.cn}`];
      return shown.some((one) => mismatch(one) === undefined);
    };
  },
  filter_state: (node) => {
    const string = node.child('string_match');
    const mismatch = string ? compileStringMatcher(string) : () => 'nothing';
    return ({ filterState }) =>
      filterState.has(node.text('key') ?? '') && mismatch(filterState.get(node.text('key') ?? '')!) === undefined;
  },
};

/** One permission or principal. Simplified: `matcher` never fits. */
export function compileRule(node: ConfigNode): Rule {
  if (node.raw('any') === true) return () => true;
  const port = node.number('destination_port');
  if (port !== undefined) return ({ connection }) => portOf(connection.localAddress) === port;
  for (const [field, compile] of Object.entries(KINDS)) {
    const child = node.child(field);
    if (child) return compile(child);
  }
  return () => false;
}
