/** Keys and indexes from the root of a resource, spelled as Envoy's protos spell them (snake_case). */
export type ConfigPath = readonly (string | number)[];

/**
 * Where a piece of configuration came from: a resource and the path inside it. Plain data: it survives a worker
 * boundary and a reload. The editor turns it into a line and column only when it has to draw one.
 */
export interface ConfigRef {
  readonly resource: string;
  readonly path: ConfigPath;
}

/** The reference of something inside `ref`. */
export function at(ref: ConfigRef, ...steps: ConfigPath): ConfigRef {
  return { resource: ref.resource, path: [...ref.path, ...steps] };
}

/** A reference as people write it: `envoy.yaml: listeners[0].filter_chains[1]`. */
export function refText(ref: ConfigRef): string {
  const path = ref.path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`)).join('');
  return `${ref.resource}: ${path.replace(/^\./, '')}`;
}
