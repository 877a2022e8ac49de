import type { ConfigNode } from '../config_node.ts';
import type { Runtime } from './runtime.ts';

/** `core.v3.RuntimeFeatureFlag`: on, unless it says otherwise. */
export function compileFeatureFlag(node: ConfigNode | undefined): (runtime: Runtime) => boolean {
  const otherwise = node?.raw('default_value') !== false;
  const key = node?.text('runtime_key') ?? '';
  return key === '' ? () => otherwise : (runtime) => runtime.flag(key, otherwise);
}
