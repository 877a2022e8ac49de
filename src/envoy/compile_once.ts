import type { ConfigNode } from './config_node.ts';

/** Compiles a part of the configuration when it is asked for first, and keeps what came of it as long as the part is there. */
export function compileOnce<T>(compile: (node: ConfigNode) => T): (node: ConfigNode) => T {
  const known = new WeakMap<ConfigNode, { readonly compiled: T }>();
  return (node) => {
    let entry = known.get(node);
    if (!entry) known.set(node, (entry = { compiled: compile(node) }));
    return entry.compiled;
  };
}
