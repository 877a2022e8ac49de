import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { checkIpAddress } from './addresses.ts';
import { overlappingChains } from './chain_overlaps.ts';
import { NONE, problem, typeOf, type Check } from './check.ts';
import { checkDuration } from './connection_managers.ts';
import { checkListenerKind } from './listener_kinds.ts';

const TERMINAL_FILTERS =
  /\.(HttpConnectionManager|TcpProxy|direct_response\.v3\.Config|Echo|RedisProxy|GenericProxy|ThriftProxy|DubboProxy)$/;

/** `config.listener.v3.Listener`. */
export const checkListener: Check = (node) => [
  ...checkAddress(node),
  ...checkHasChains(node),
  ...checkListenerKind(node, addressOf(node)),
  ...checkDuration(node, 'listener_filters_timeout'),
  ...checkChainMatches(node),
  ...[...node.list('filter_chains'), ...chainOrNone(node)].flatMap(checkFilterOrder),
];

const chainOrNone = (node: ConfigNode): ConfigNode[] => {
  const chain = node.child('default_filter_chain');
  return chain ? [chain] : [];
};

function checkAddress(node: ConfigNode): Diagnostic[] {
  const isElsewhere = node.has('api_listener') || node.has('internal_listener');
  if (!node.has('address') && !isElsewhere)
    return problem('address', node, [], `The listener \`${node.text('name') ?? ''}\` has no \`address\`.`, {
      help: 'Say where it listens: `address: {socket_address: {address: 127.0.0.1, port_value: 10000}}`.',
      envoySays: `error adding listener named '${node.text('name') ?? ''}': address is necessary`,
    });
  return checkIpAddress(node, ['address', 'socket_address'], 'A listener binds to an IP address such as 127.0.0.1.');
}

const isUdp = (node: ConfigNode): boolean =>
  node.child('address')?.child('socket_address')?.text('protocol') === 'UDP' || node.has('udp_listener_config');

function checkHasChains(node: ConfigNode): Diagnostic[] {
  const hasChain = node.list('filter_chains').length > 0 || node.has('default_filter_chain');
  if (hasChain || node.has('api_listener') || node.has('fcds_config') || isUdp(node)) return NONE;
  return problem(
    'filter_chains',
    node,
    [],
    'The listener has no filter chain: there is nothing to do with a connection.',
    {
      help: 'Give it `filter_chains` with at least one network filter.',
      envoySays: `error adding listener '${addressOf(node)}': no filter chains specified`,
    },
  );
}

function addressOf(node: ConfigNode): string {
  const socket = node.child('address')?.child('socket_address');
  return `${socket?.text('address') ?? ''}:${socket?.number('port_value') ?? 0}`;
}

function checkChainMatches(node: ConfigNode): Diagnostic[] {
  const chains = node.list('filter_chains');
  return [
    ...(node.has('filter_chain_matcher')
      ? NONE
      : [...duplicateMatches(chains), ...overlappingChains(chains, addressOf(node))]),
    ...chains.flatMap(checkServerNames),
    ...chains.flatMap(checkSuffix),
  ];
}

function duplicateMatches(chains: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Map<string, string>();
  return chains.flatMap((chain) => {
    const match = JSON.stringify(chain.child('filter_chain_match')?.value ?? {});
    const name = chain.text('name') ?? '';
    const earlier = seen.get(match);
    seen.set(match, name);
    if (earlier === undefined) return NONE;
    return problem(
      'duplicate_chain',
      chain,
      [],
      `This filter chain${name === '' ? '' : ` \`${name}\``} has the same filter chain match as${earlier === '' ? ' an earlier one' : ` \`${earlier}\``}.`,
      {
        help: 'Tell them apart by `filter_chain_match`, or join them.',
        envoySays: `filter chain '${name}' has the same matching rules defined as '${earlier}'`,
      },
    );
  });
}

/** `*.example.com` is fine; a star elsewhere, or alone, is not. */
function checkServerNames(chain: ConfigNode): Diagnostic[] {
  const names = chain.child('filter_chain_match')?.texts('server_names') ?? [];
  return names.flatMap((name, i) => {
    if (!name.replace(/^\*\./, '').includes('*')) return NONE;
    return problem(
      'server_name',
      chain,
      ['filter_chain_match', 'server_names', i],
      `"${name}" is no server name that a chain can match: a star stands only for the first part, as in *.example.com.`,
      {
        help: name === '*' ? 'Leave `server_names` out to take every name.' : 'List the names one by one.',
        envoySays: 'partial wildcards are not supported in "server_names"',
      },
    );
  });
}

/** Envoy has the fields and nothing that would look at them. */
function checkSuffix(chain: ConfigNode): Diagnostic[] {
  const match = chain.child('filter_chain_match');
  const field = ['address_suffix', 'suffix_len'].find((one) => match?.has(one) === true);
  if (field === undefined) return NONE;
  return problem('address_suffix', chain, ['filter_chain_match', field], `Envoy does not match by \`${field}\`.`, {
    help: 'Use `prefix_ranges`.',
    envoySays: `filter chain '${chain.text('name') ?? ''}' contains unimplemented fields`,
  });
}

function checkFilterOrder(chain: ConfigNode): Diagnostic[] {
  const filters = chain.list('filters');
  return filters.flatMap((filter, i) => {
    const type = typeOf(filter.child('typed_config'));
    if (type === '' || filter.has('config_discovery')) return NONE;
    const [isTerminal, isLast] = [TERMINAL_FILTERS.test(type), i === filters.length - 1];
    const name = filter.text('name') ?? '';
    if (isTerminal && !isLast)
      return problem(
        'filter_order',
        filter,
        [],
        `\`${name}\` is a terminal filter and must be the last of its chain.`,
        {
          envoySays: `Error: terminal filter named ${name} of type ${type} must be the last filter in a network filter chain.`,
        },
      );
    if (isLast && !isTerminal && KNOWN_TO_PASS_ON.test(type))
      return problem(
        'filter_order',
        filter,
        [],
        `The last network filter must be a terminal one such as \`envoy.filters.network.tcp_proxy\`, found \`${name}\`.`,
        {
          envoySays: `Error: non-terminal filter named ${name} of type ${type} is the last filter in a network filter chain.`,
        },
      );
    return NONE;
  });
}

/** Filters that are known to need another one after them; of the others nothing is said. */
const KNOWN_TO_PASS_ON =
  /\.network\.(rbac|local_ratelimit|ratelimit|connection_limit|sni_cluster|ext_authz|set_filter_state|sni_dynamic_forward_proxy|geoip)\./;

/** Two listeners of one address: of the whole bootstrap. */
export function duplicateAddresses(listeners: readonly ConfigNode[]): Diagnostic[] {
  const seen = new Set<string>();
  return listeners.flatMap((node) => {
    const socket = node.child('address')?.child('socket_address');
    const port = socket?.number('port_value');
    if (!socket || port === undefined || port === 0) return NONE;
    const address = `${socket.text('address')}:${port}`;
    const space = socket.text('network_namespace_filepath') ?? '';
    const key = `${socket.text('protocol') === 'UDP' ? 'udp' : 'tcp'} ${address} ${space}`;
    if (!seen.has(key)) return (seen.add(key), NONE);
    return problem('duplicate_address', node, ['address'], `Another listener has the address ${address} already.`, {
      help: 'Give each listener a port of its own, or join them as filter chains of one.',
      envoySays: `error adding listener: '${node.text('name') ?? ''}' has duplicate address '${address}' as existing listener`,
    });
  });
}
