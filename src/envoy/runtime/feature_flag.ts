import type { ConfigNode } from '../config_node.ts';
import type { Runtime } from './runtime.ts';

/** `core.v3.RuntimeFeatureFlag`: what the runtime says of its key, or else its default; without a flag `otherwise`. */
export function compileFeatureFlag(node: ConfigNode | undefined, otherwise = true): (runtime: Runtime) => boolean {
  const fallback = node ? node.raw('default_value') !== false : otherwise;
  const key = node?.text('runtime_key') ?? '';
  return key === '' ? () => fallback : (runtime) => runtime.flag(key, fallback);
}
