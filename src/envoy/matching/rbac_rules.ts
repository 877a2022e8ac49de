import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { compileMetadataMatcher } from './metadata_matcher.ts';
import { hostOf, portOf } from '../network/address.ts';
import { sansOf } from '../network/certificate.ts';
import { isInCidr, isIpAddress } from '../network/cidr.ts';
import { compileSanMatcher } from './subject_alt_names.ts';
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
  direct_remote_ip: ip(({ connection }) => hostOf(connection.directRemoteAddress)),
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
    return ({ connection: { tls } }) => {
      if (!tls || !mismatch) return tls !== undefined;
      const names = tls.peer ? [...sansOf(tls.peer, 'URI'), ...sansOf(tls.peer, 'DNS'), `CN=${tls.peer.cn}`] : [''];
      return names.some((one) => mismatch(one) === undefined);
    };
  },
  filter_state: (node) => {
    const key = node.text('key') ?? '';
    const [string, address] = [node.child('string_match'), node.child('address_match')];
    const mismatch = string ? compileStringMatcher(string) : () => 'nothing';
    const fits = address ? compileAddressMatcher(address) : (text: string) => mismatch(text) === undefined;
    return ({ filterState }) => filterState.has(key) && fits(filterState.get(key)!);
  },
  custom: compilePrincipal,
};

/** `type.matcher.v3.AddressMatcher`. */
function compileAddressMatcher(node: ConfigNode): (address: string) => boolean {
  const [ranges, isInverted] = [node.list('ranges'), node.flag('invert_match')];
  return (address) => isIpAddress(address) && ranges.some((range) => isInCidr(address, range)) !== isInverted;
}

/** A principal that is an extension: only that of mutual TLS (rbac/principals/mtls_authenticated). Simplified: another never fits. */
function compilePrincipal(node: ConfigNode): Rule {
  const config = node.child('typed_config');
  if (config?.text('@type')?.endsWith('.mtls_authenticated.v3.Config') !== true) return () => false;
  const matcher = config.child('san_matcher');
  const fits = matcher ? compileSanMatcher(matcher) : () => true;
  return ({ connection: { tls } }) => tls?.peer !== undefined && tls.isPeerValidated === true && fits(tls.peer);
}

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
