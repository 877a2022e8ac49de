import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';

/** Where a matcher stands, and what it may ask and do there. */
interface Place {
  readonly name: string;
  /** Last parts of the types of its inputs. */
  readonly inputs: ReadonlySet<string>;
  readonly action: string;
  readonly keepsMatching: boolean;
  /** What Envoy says of another input. */
  readonly says: string;
}

const NETWORK_INPUTS =
  'DestinationIPInput DestinationPortInput SourceIPInput SourcePortInput DirectSourceIPInput ServerNameInput FilterStateInput NetworkNamespaceInput UriSanInput DnsSanInput SubjectInput'.split(
    ' ',
  );
const RBAC = { action: 'envoy.config.rbac.v3.Action', keepsMatching: false };

const FILTER_CHAINS: Place = {
  name: 'a `filter_chain_matcher`',
  inputs: new Set([...NETWORK_INPUTS, 'SourceTypeInput', 'TransportProtocolInput', 'ApplicationProtocolInput']),
  action: 'google.protobuf.StringValue',
  keepsMatching: true,
  says: "cannot create a filter chain matcher: Didn't find a registered implementation for",
};
const NETWORK_RBAC: Place = {
  ...RBAC,
  name: 'the matcher of a network RBAC filter',
  inputs: new Set(NETWORK_INPUTS),
  says: 'RBAC network filter cannot match',
};
const HTTP_RBAC: Place = {
  ...RBAC,
  name: 'the matcher of an HTTP RBAC filter',
  inputs: new Set([
    ...NETWORK_INPUTS,
    'HttpRequestHeaderMatchInput',
    'HttpAttributesCelMatchInput',
    'DynamicMetadataInput',
  ]),
  says: 'RBAC HTTP filter cannot match on',
};

export const checkNetworkRbac: Check = (node) => [...checkRbac(node, NETWORK_RBAC), ...checkNoHeaders(node)];
export const checkHttpRbac: Check = (node) => checkRbac(node, HTTP_RBAC);

/** A connection has no headers. */
const checkNoHeaders = (node: ConfigNode): Diagnostic[] =>
  ['rules', 'shadow_rules']
    .flatMap((field) => node.child(field) ?? [])
    .flatMap(descendants)
    .flatMap((one) => {
      const header = one.child('header');
      if (!header) return NONE;
      return problem('network_header', header, [], 'A connection has no headers that a rule could look at.', {
        help: 'Use `envoy.filters.http.rbac` in the connection manager.',
        envoySays: `Found header(${header.text('name') ?? ''}) rule,not supported by RBAC network filter`,
      });
    });

const checkRbac = (node: ConfigNode, place: Place): Diagnostic[] =>
  [
    ['rules', 'matcher'],
    ['shadow_rules', 'shadow_matcher'],
  ].flatMap(([rules, field]) => {
    // Rules win over a matcher, which is then not even read.
    const matcher = node.has(rules!) ? undefined : node.child(field!);
    return matcher ? checkMatcher(matcher, place) : NONE;
  });

/** A listener whose chains are found by their names. */
export const checkFilterChainMatcher: Check = (node) => {
  const matcher = node.child('filter_chain_matcher');
  if (!matcher) return NONE;
  const seen = new Set<string>();
  const names = node.list('filter_chains').flatMap((chain) => {
    const name = chain.text('name') ?? '';
    const isKnown = seen.has(name);
    seen.add(name);
    if (name !== '' && !isKnown) return NONE;
    const [message, says] = isKnown
      ? [
          `Two filter chains have the name \`${name}\`: the matcher could not tell them apart.`,
          `"name" field is duplicated with value '${name}'`,
        ]
      : [
          'The `filter_chain_matcher` finds chains by their names, and this one has none.',
          '"name" field is required when using a listener matcher',
        ];
    return problem('chain_name', chain, isKnown ? ['name'] : [], message, { envoySays: says });
  });
  return [...names, ...checkMatcher(matcher, FILTER_CHAINS)];
};

function checkMatcher(matcher: ConfigNode, place: Place): Diagnostic[] {
  return descendants(matcher).flatMap((node) => [
    ...checkInput(node.child('input')?.child('typed_config'), place),
    ...checkOnMatch(node, place),
    ...checkTreeInput(node.child('matcher_tree')),
  ]);
}

function checkInput(config: ConfigNode | undefined, { name, inputs, says }: Place): Diagnostic[] {
  const type = typeOf(config);
  if (!config || inputs.has(type.split('.').at(-1)!)) return NONE;
  return problem('match_input', config, ['@type'], `\`${type}\` is not there to be asked for in ${name}.`, {
    help: `It knows ${[...inputs].join(', ')}.`,
    envoySays: `${says} 'type.googleapis.com/${type}'`,
  });
}

/** A map holds texts. */
function checkTreeInput(tree: ConfigNode | undefined): Diagnostic[] {
  const config = tree?.child('input')?.child('typed_config');
  if (!config || !typeOf(config).endsWith('.HttpAttributesCelMatchInput')) return NONE;
  return problem('match_input', config, ['@type'], 'What CEL looks at is no text that could be found in a map.', {
    help: 'Use a `matcher_list` with a `custom_match` of `xds.type.matcher.v3.CelMatcher`.',
    envoySays: 'Unsupported data input type: cel_data_input, currently only string type is supported in map matcher',
  });
}

function checkOnMatch(node: ConfigNode, { name, action, keepsMatching }: Place): Diagnostic[] {
  const found = node.child('action')?.child('typed_config');
  const kept =
    node.flag('keep_matching') && !keepsMatching
      ? problem('keep_matching', node, ['keep_matching'], `\`keep_matching\` has no place in ${name}.`, {
          envoySays: 'keep_matching is not supported in this context',
        })
      : NONE;
  const isFormat = action === 'google.protobuf.StringValue' && typeOf(found).endsWith('.SubstitutionFormatString');
  if (!found || typeOf(found) === action || isFormat) return kept;
  return [
    ...kept,
    ...problem(
      'match_action',
      found,
      ['@type'],
      `In ${name} an action is a \`${action}\`, and not a \`${typeOf(found)}\`.`,
      {
        envoySays: `Didn't find a registered implementation for '${node.child('action')?.text('name') ?? ''}' with type URL: '${typeOf(found)}'`,
      },
    ),
  ];
}

/** All messages inside one, itself first. */
function descendants(node: ConfigNode): ConfigNode[] {
  const inner = Object.keys(node.value).flatMap((key) => {
    const child = node.child(key);
    return child ? [child] : node.list(key);
  });
  return [node, ...inner.flatMap(descendants)];
}

/** `xds.type.matcher.v3.ServerNameMatcher`: `*`, `*.NAME` or a whole name, each once (common/matcher/domain_matcher.h). */
export const checkServerNameMatcher: Check = (node) => {
  const seen = new Set<string>();
  return node.list('domain_matchers').flatMap((one) =>
    one.texts('domains').flatMap((domain, i) => {
      const isPartial = domain !== '*' && domain.replace(/^\*\.(?=.)/, '').includes('*');
      const isKnown = seen.has(domain);
      seen.add(domain);
      if (!isPartial && !isKnown) return NONE;
      const message = isKnown
        ? `The name "${domain}" is there twice.`
        : `"${domain}" is no name that can be matched: a star stands alone or for the first part, as in *.example.com.`;
      const envoySays = isKnown
        ? `Duplicate domain in ServerNameMatcher: ${domain}`
        : `Invalid wildcard domain format: ${domain}. Only '*' and '*.domain' patterns are supported`;
      return problem('server_name', one, ['domains', i], message, { envoySays });
    }),
  );
};

const MAX_PORT = 65_536;

/** `config.rbac.v3.Permission`: filters/common/rbac/matchers.cc, PortRangeMatcher. */
export const checkPermission: Check = (node) => {
  const range = node.child('destination_port_range');
  const [start, end] = [range?.number('start') ?? 0, range?.number('end') ?? 0];
  if (!range || (start >= 0 && start < end && end <= MAX_PORT)) return NONE;
  return problem(
    'port_range',
    range,
    [],
    `No port lies from ${start} to below ${end}, or the range goes past ${MAX_PORT}.`,
    {
      help: '`end` is the first port that no longer belongs to the range.',
      envoySays:
        end > MAX_PORT
          ? `range end ${end} is out of bounds`
          : `range start ${start} cannot be greater or equal than range end ${end}`,
    },
  );
};
