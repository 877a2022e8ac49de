import type { JsonObject } from '#api';
import { compileOnce } from '../compile_once.ts';
import type { ConfigNode } from '../config_node.ts';
import { compileCelText, compileCelTree } from '../cel/expression.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { valueAt } from '../matching/metadata_matcher.ts';
import { isInCidr, maskAddress } from '../network/cidr.ts';
import { compileHeaderMatcher, compileQueryParameter, queryParameter } from './route_match.ts';

export interface DescriptorEntry {
  readonly key: string;
  readonly value: string;
}

/** What the actions of a `rate_limits` entry may use. */
export interface RateLimitFacts {
  readonly request: HeaderMap;
  readonly remoteAddress: string;
  readonly localCluster: string;
  readonly cluster: string;
  readonly dynamicMetadata: JsonObject;
  readonly routeMetadata: JsonObject;
  readonly formatterContext: () => FormatterContext;
  /** Whether values are formats: only where the runtime has that feature on. */
  readonly hasFormats: boolean;
}

/** `skip`: it adds nothing, and the descriptor goes without it; undefined: there is no descriptor. */
type Action = (facts: RateLimitFacts) => DescriptorEntry | 'skip' | undefined;
type Compile = (node: ConfigNode) => Action;

const pathOf = (node: ConfigNode | undefined): string[] => [
  node?.text('key') ?? '',
  ...(node?.list('path') ?? []).map((segment) => segment.text('key') ?? ''),
];

const valueOf = (template: string): ((facts: RateLimitFacts) => string) =>
  template.includes('%')
    ? (facts) => (facts.hasFormats ? expand(template, facts.formatterContext()) : template)
    : () => template;

const KINDS: Readonly<Record<string, Compile>> = {
  source_cluster: () => (facts) => ({ key: 'source_cluster', value: facts.localCluster }),
  destination_cluster: () => (facts) => ({ key: 'destination_cluster', value: facts.cluster }),
  remote_address: () => (facts) => ({ key: 'remote_address', value: facts.remoteAddress }),
  masked_remote_address: (node) => {
    const [v4, v6] = [masked(node, 'v4_prefix_mask_len', 32), masked(node, 'v6_prefix_mask_len', 128)];
    return ({ remoteAddress }) => ({
      key: 'masked_remote_address',
      value: maskAddress(remoteAddress, remoteAddress.includes(':') ? v6 : v4),
    });
  },
  generic_key: (node) => {
    const key = node.text('descriptor_key') || 'generic_key';
    const valueFor = valueOf(node.text('descriptor_value') ?? '');
    const otherwise = node.text('default_value') ?? '';
    return (facts) => ({ key, value: valueFor(facts) || otherwise });
  },
  request_headers: (node) => {
    const name = (node.text('header_name') ?? '').toLowerCase();
    return absentOr(node, ({ request }) => request.get(name));
  },
  header_value_match: (node) => {
    const matchers = node.list('headers').map(compileHeaderMatcher);
    return matchOr(node, 'header_match', ({ request }) => matchers.every((one) => one(request, '') === undefined));
  },
  query_parameter_value_match: (node) => {
    const matchers = node.list('query_parameters').map(compileQueryParameter);
    return matchOr(node, 'query_match', ({ request }) =>
      matchers.every((one) => one(request, request.get(':path') ?? '') === undefined),
    );
  },
  query_parameters: (node) => {
    const name = node.text('query_parameter_name') ?? '';
    return absentOr(node, ({ request }) => {
      const value = queryParameter(request.get(':path') ?? '', name);
      return value === undefined ? undefined : decoded(value);
    });
  },
  dynamic_metadata: (node) => compileMetadata(node, false),
  metadata: (node) => compileMetadata(node, node.text('source') === 'ROUTE_ENTRY'),
  extension: compileExtension,
  remote_address_match: (node) => {
    const ranges = node.child('address_matcher')?.list('ranges') ?? [];
    const isInverted = node.child('address_matcher')?.flag('invert_match') === true;
    const key = node.text('descriptor_key') || 'remote_address_match';
    const valueFor = valueOf(node.text('descriptor_value') ?? '');
    return (facts) =>
      ranges.some((range) => isInCidr(facts.remoteAddress, range)) === isInverted
        ? undefined
        : { key, value: valueFor(facts) };
  },
};

/** A percent sign that stands for nothing else stays. */
const decoded = (text: string): string => text.replace(/(?:%[\da-f]{2})+/gi, (all) => decodeURIComponent(all));

const masked = (node: ConfigNode, field: string, otherwise: number): number => node.number(field) ?? otherwise;

function absentOr(node: ConfigNode, read: (facts: RateLimitFacts) => string | undefined): Action {
  const key = node.text('descriptor_key') ?? '';
  const absent = node.flag('skip_if_absent') ? ('skip' as const) : undefined;
  return (facts) => {
    const value = read(facts);
    return value === undefined ? absent : { key, value };
  };
}

function matchOr(node: ConfigNode, defaultKey: string, fits: (facts: RateLimitFacts) => boolean): Action {
  const key = node.text('descriptor_key') || defaultKey;
  const valueFor = valueOf(node.text('descriptor_value') ?? '');
  const expected = node.raw('expect_match') !== false;
  return (facts) => (fits(facts) === expected ? { key, value: valueFor(facts) } : undefined);
}

function compileMetadata(node: ConfigNode, isOfRoute: boolean): Action {
  const path = pathOf(node.child('metadata_key'));
  const otherwise = node.text('default_value') || undefined;
  return absentOr(node, (facts) => {
    const now = valueAt(isOfRoute ? facts.routeMetadata : facts.dynamicMetadata, path);
    return typeof now === 'string' && now !== '' ? now : otherwise;
  });
}

/** A value of an expression; one that has none skips the entry, or the whole descriptor: rate_limit_descriptors/expr. */
function compileExtension(node: ConfigNode): Action {
  const config = node.child('typed_config');
  const [text, tree] = [config?.text('text'), config?.child('parsed')];
  const expression = text !== undefined ? compileCelText(text) : tree && compileCelTree(tree);
  const key = config?.text('descriptor_key') ?? '';
  const absent = config?.flag('skip_if_error') === true ? ('skip' as const) : undefined;
  return (facts) => {
    const value = expression?.(facts.formatterContext());
    return value === undefined || value === null ? absent : { key, value: String(value) };
  };
}

/** A `rate_limits` entry, compiled. */
export interface RateLimit {
  readonly node: ConfigNode;
  readonly stage: number;
  readonly hitsAddend: ((facts: RateLimitFacts) => number | undefined) | undefined;
  /** The entries of its descriptor; undefined where one of its actions has nothing to say (router_ratelimit.cc). */
  readonly entriesOf: (facts: RateLimitFacts) => DescriptorEntry[] | undefined;
}

export const rateLimitOf = compileOnce(compile);

function compile(node: ConfigNode): RateLimit {
  const actions = node.list('actions').map((action): Action => {
    const kind = Object.keys(KINDS).find((name) => action.has(name));
    return kind === undefined ? () => undefined : KINDS[kind]!(action.child(kind) ?? action);
  });
  return {
    node,
    stage: node.number('stage') ?? 0,
    hitsAddend: compileHitsAddend(node.child('hits_addend')),
    entriesOf: (facts) => {
      const entries: DescriptorEntry[] = [];
      for (const action of actions) {
        const entry = action(facts);
        if (entry === undefined) return undefined;
        if (entry !== 'skip') entries.push(entry);
      }
      return entries.length === 0 ? undefined : entries;
    },
  };
}

function compileHitsAddend(node: ConfigNode | undefined): RateLimit['hitsAddend'] {
  if (!node) return undefined;
  const fixed = Number(node.raw('number') ?? 1);
  const format = node.text('format');
  if (!format) return () => fixed;
  return (facts) => {
    const value = Number(expand(format, facts.formatterContext()));
    return Number.isInteger(value) && value >= 0 ? value : undefined;
  };
}
