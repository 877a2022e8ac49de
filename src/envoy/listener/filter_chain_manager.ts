import type { ConfigNode } from '../config_node.ts';
import { hostOf, isSameIpOrLoopback, portOf } from '../network/address.ts';
import { isInCidr } from '../network/cidr.ts';
import type { Detected } from '../network/detected.ts';
import type { Connection } from '../seams.ts';
import type { Trace } from '../trace.ts';
import type { FilterChain } from './filter_chain.ts';
import type { FilterChainMatcher } from './filter_chain_matcher.ts';

/** How well a chain fits one criterion: undefined is not at all, 0 means that it names none, more is more specific. */
type Fit = number | undefined;

interface Criterion {
  readonly name: string;
  readonly got: (connection: Connection, detected: Detected) => string;
  readonly fit: (match: ConfigNode, connection: Connection, detected: Detected) => Fit;
}

const isAmong = (wanted: readonly unknown[], got: unknown): Fit =>
  wanted.length === 0 ? 0 : wanted.includes(got) ? 1 : undefined;
const numbers = (match: ConfigNode, field: string): unknown[] =>
  Array.isArray(match.raw(field)) ? (match.raw(field) as unknown[]) : [];

/** In Envoy's order (filter_chain_manager_impl.cc): each keeps the chains that fit best and never goes back. */
const CRITERIA: readonly Criterion[] = [
  {
    name: 'destination port',
    got: (c) => String(portOf(c.localAddress)),
    fit: (m, c) => isAmong(m.has('destination_port') ? [m.number('destination_port')] : [], portOf(c.localAddress)),
  },
  {
    name: 'destination address',
    got: (c) => hostOf(c.localAddress),
    fit: (m, c) => longestPrefix(m.list('prefix_ranges'), hostOf(c.localAddress)),
  },
  { name: 'server name', got: (_, d) => d.sni ?? '', fit: (m, _, d) => serverNameFit(m.texts('server_names'), d.sni) },
  {
    name: 'transport protocol',
    got: (_, d) => d.transportProtocol,
    fit: (m, _, d) => isAmong(m.has('transport_protocol') ? [m.text('transport_protocol')] : [], d.transportProtocol),
  },
  {
    name: 'application protocol',
    got: (_, d) => d.applicationProtocols.join(','),
    fit: (m, _, d) => applicationFit(m.texts('application_protocols'), d.applicationProtocols),
  },
  {
    name: 'directly connected source',
    got: (c) => hostOf(c.directRemoteAddress),
    fit: (m, c) => longestPrefix(m.list('direct_source_prefix_ranges'), hostOf(c.directRemoteAddress)),
  },
  {
    name: 'source type',
    got: (c) => (isSameIpOrLoopback(c) ? 'SAME_IP_OR_LOOPBACK' : 'EXTERNAL'),
    fit: (m, c) => sourceTypeFit(m.text('source_type'), isSameIpOrLoopback(c)),
  },
  {
    name: 'source address',
    got: (c) => hostOf(c.remoteAddress),
    fit: (m, c) => longestPrefix(m.list('source_prefix_ranges'), hostOf(c.remoteAddress)),
  },
  {
    name: 'source port',
    got: (c) => String(portOf(c.remoteAddress)),
    fit: (m, c) => isAmong(numbers(m, 'source_ports'), portOf(c.remoteAddress)),
  },
];

/** The chains of a listener, and how to choose among them. */
export interface FilterChains {
  readonly all: readonly FilterChain[];
  readonly fallback: FilterChain | undefined;
  readonly matcher: FilterChainMatcher | undefined;
}

/** The chain that serves a connection: one sieve per criterion, or what the matcher names; the default chain where none is left. */
export function findFilterChain(
  { all, fallback, matcher }: FilterChains,
  facts: Connection,
  detected: Detected,
  trace: Trace | undefined,
): FilterChain | undefined {
  const name = matcher?.(facts, detected);
  const found = matcher ? all.find((chain) => chain.name === name) : bestOf(all, { facts, detected }, trace);
  // A name that no chain has leads nowhere, not to the default chain.
  const chain = found ?? (name === undefined ? fallback : undefined);
  tellChoice(chain, found === undefined, trace);
  return chain;
}

function bestOf(
  chains: readonly FilterChain[],
  { facts: connection, detected }: { facts: Connection; detected: Detected },
  trace: Trace | undefined,
): FilterChain | undefined {
  let left = chains;
  const asksNothing = chains.length === 1 && !chains[0]!.match;
  for (const criterion of asksNothing ? [] : CRITERIA) {
    left = sieve(
      left,
      (match) => criterion.fit(match, connection, detected),
      (chain) => {
        trace?.record({
          kind: 'filter_chain_rejected',
          state: 'failed',
          because: chain.node.ref,
          sentence: `Filter chain \`${chain.name}\` is out by ${criterion.name}: the connection has "${criterion.got(connection, detected)}".`,
        });
      },
    );
  }
  return left[0];
}

function tellChoice(found: FilterChain | undefined, isDefault: boolean, trace: Trace | undefined): void {
  if (found)
    trace?.record({
      kind: 'filter_chain_matched',
      state: 'matched',
      because: found.node.ref,
      sentence: `The filter chain ${found.name === '' ? '' : `\`${found.name}\` `}takes the connection${isDefault ? ' as the default chain' : ''}.`,
    });
  else
    trace?.record({
      kind: 'filter_chain_not_found',
      state: 'failed',
      sentence: 'No filter chain accepts the connection and there is no default chain: it is closed.',
    });
}

function sieve(
  chains: readonly FilterChain[],
  fitOf: (match: ConfigNode) => Fit,
  reject: (chain: FilterChain) => void,
): readonly FilterChain[] {
  const fits = chains.map((chain) => {
    return chain.match ? fitOf(chain.match) : 0;
  });
  const best = Math.max(...fits.map((fit) => fit ?? -1));
  return chains.filter((chain, i) => {
    if (fits[i] === best) return true;
    reject(chain);
    return false;
  });
}

/** An exact name beats a wildcard, a longer wildcard a shorter one, and any name beats none. */
function serverNameFit(names: readonly string[], sni: string | undefined): Fit {
  if (names.length === 0) return 0;
  if (sni === undefined) return undefined;
  const fits = names.map((name) =>
    name === sni ? 10_000 : name.startsWith('*.') && sni.endsWith(name.slice(1)) ? name.length : 0,
  );
  const best = Math.max(...fits);
  return best === 0 ? undefined : best;
}

function applicationFit(wanted: readonly string[], offered: readonly string[]): Fit {
  if (wanted.length === 0) return 0;
  const index = offered.findIndex((one) => wanted.includes(one));
  return index < 0 ? undefined : 1000 - index;
}

function sourceTypeFit(wanted: string | undefined, same: boolean): Fit {
  if (wanted === undefined || wanted === 'ANY') return 0;
  return (wanted === 'SAME_IP_OR_LOOPBACK') === same ? 1 : undefined;
}

/** One more than the length of the longest range that holds the address. */
function longestPrefix(ranges: readonly ConfigNode[], address: string): Fit {
  if (ranges.length === 0) return 0;
  const lengths = ranges.flatMap((range) => {
    const length = range.number('prefix_len') ?? 0;
    return isInCidr(address, range) ? [length + 1] : [];
  });
  return lengths.length === 0 ? undefined : Math.max(...lengths);
}
