import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { maskAddress } from '../network/cidr.ts';
import { problem } from './check.ts';

const RANGES = ['prefix_ranges', 'direct_source_prefix_ranges', 'source_prefix_ranges'];
const TEXTS = ['application_protocols', 'server_names'];

/** Every way to meet a filter chain: one value of each field of its match. */
function waysOf(chain: ConfigNode): string[] {
  const match = chain.child('filter_chain_match');
  const values: string[][] = [
    [String(match?.number('destination_port') ?? 0)],
    [match?.text('transport_protocol') ?? ''],
    [match?.text('source_type') ?? 'ANY'],
    [match?.raw('source_ports') ?? []].flat().map(String),
    ...RANGES.map((field) => (match?.list(field) ?? []).map(rangeText)),
    ...TEXTS.map((field) => (match?.texts(field) ?? []).map((text) => text.toLowerCase())),
  ];
  return values.reduce<string[]>(
    (ways, some) => ways.flatMap((way) => (some.length > 0 ? some : ['']).map((one) => `${way}|${one}`)),
    [''],
  );
}

const rangeText = (range: ConfigNode): string => {
  const length = range.number('prefix_len') ?? 0;
  return `${maskAddress(range.text('address_prefix') ?? '', length)}/${length}`;
};

/** Two chains that one connection could meet alike: filter_chain_manager_impl.cc, addFilterChainForSourceIPsAndPort. */
export function overlappingChains(chains: readonly ConfigNode[], address: string): Diagnostic[] {
  const known = new Map<string, string>();
  return chains.flatMap((chain) => {
    const whole = JSON.stringify(chain.child('filter_chain_match')?.value ?? {});
    const ways = waysOf(chain);
    const isTwice = new Set(ways).size < ways.length;
    const clash = isTwice || ways.some((way) => known.has(way) && known.get(way) !== whole);
    for (const way of ways) known.set(way, whole);
    if (!clash) return [];
    return problem(
      'overlapping_chains',
      chain,
      ['filter_chain_match'],
      'A connection that fits this `filter_chain_match` may fit that of an earlier chain just as well.',
      {
        help: 'Give each value to one chain; letters of server names count alike in capitals.',
        envoySays: `error adding listener '${address}': multiple filter chains with overlapping matching rules are defined`,
      },
    );
  });
}
