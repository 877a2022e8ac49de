import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import type { StatsOptions } from './store.ts';

const DEFAULT_FLUSH_MS = 5_000;

/** What a bootstrap says of its statistics: `stats_config` and when they are flushed. */
export function statsOptions(bootstrap: ConfigNode, nowMs: () => number): StatsOptions {
  const config = bootstrap.child('stats_config');
  const settings = (config?.list('histogram_bucket_settings') ?? []).map((one) => ({
    fits: compileFits(one.child('match')!),
    bounds: numbersOf(one, 'buckets').sort((a, b) => a - b),
  }));
  return {
    isRejected: compileMatcher(config?.child('stats_matcher')),
    boundsOf: (name) => settings.find((one) => one.fits(name))?.bounds,
    nowMs,
    flushIntervalMs: durationMs(bootstrap.text('stats_flush_interval')) ?? DEFAULT_FLUSH_MS,
  };
}

function compileFits(node: ConfigNode): (name: string) => boolean {
  const mismatch = compileStringMatcher(node);
  return (name) => mismatch(name) === undefined;
}

function numbersOf(node: ConfigNode, field: string): number[] {
  const value = node.raw(field);
  return Array.isArray(value) ? value.filter((one) => typeof one === 'number') : [];
}

/** `stats_matcher`: all, all but a list, or none but a list (stats/stats_matcher_impl.cc). */
function compileMatcher(node: ConfigNode | undefined): (name: string) => boolean {
  if (!node) return () => false;
  if (node.has('reject_all')) return () => node.flag('reject_all');
  const patterns = (list: string): ((name: string) => boolean)[] =>
    (node.child(list)?.list('patterns') ?? []).map(compileFits);
  if (node.has('inclusion_list')) {
    const included = patterns('inclusion_list');
    return (name) => !included.some((fits) => fits(name));
  }
  const excluded = patterns('exclusion_list');
  return (name) => excluded.some((fits) => fits(name));
}
