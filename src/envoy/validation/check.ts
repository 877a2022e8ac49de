import { at, type ConfigPath, type Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';

/** Judges one message as Envoy does when it makes something of it, beyond what its fields may hold. */
export type Check = (node: ConfigNode, facts: CheckFacts) => Diagnostic[];

/** What a message may need to know of the configuration around it. */
export interface CheckFacts {
  /** Names that routes and services may send to; undefined where clusters may come later. */
  readonly clusters: ReadonlySet<string> | undefined;
  /** Names of the static secrets, and `KIND NAME` of each; undefined where they are not known. */
  readonly secrets?: ReadonlySet<string>;
  /** Whether `cluster_manager.local_cluster_name` is set; undefined where it is not known. */
  readonly hasLocalCluster?: boolean;
  /** Static clusters that a management server may be in: those that are not over EDS. */
  readonly servers?: ReadonlySet<string>;
  /** Whether the node says its `id` and `cluster`; undefined where it is not known. */
  readonly isNamed?: boolean;
}

type ProblemWords = Partial<Pick<Diagnostic, 'help' | 'envoySays' | 'meant'>>;

/** A refusal at a place inside the message. */
export function problem(
  code: string,
  node: ConfigNode,
  path: ConfigPath,
  message: string,
  words: ProblemWords = {},
): Diagnostic[] {
  return [{ code, severity: 'error', ref: at(node.ref, ...path), message, ...words }];
}

export const NONE: Diagnostic[] = [];

/** A refusal where something is so, with Envoy's own words for it. */
export const refuseIf = (
  isSo: boolean,
  node: ConfigNode,
  path: ConfigPath,
  message: string,
  envoySays: string,
): Diagnostic[] => (isSo ? problem('factory', node, path, message, { envoySays }) : NONE);

/** A cluster that has to be there when whoever sends to it is made. */
export function unknownCluster(
  node: ConfigNode | undefined,
  field: string,
  { clusters }: CheckFacts,
  envoySays: string,
): Diagnostic[] {
  const name = node?.text(field) ?? '';
  if (!node || name === '' || !clusters || clusters.has(name)) return NONE;
  return problem('unknown_cluster', node, [field], `No static cluster is called \`${name}\`.`, { envoySays });
}

/** The `@type` of an extension's configuration without its host: `envoy.extensions.….Router`. */
export const typeOf = (node: ConfigNode | undefined): string => node?.text('@type')?.split('/').at(-1) ?? '';

/** Where a name stands for an extension, and nothing says which message configures it. */
export function missingExtension(node: ConfigNode, name: string): Diagnostic[] {
  return problem('missing_extension', node, [], `\`${name}\` has no \`typed_config\`: its name alone says nothing.`, {
    help: 'Give it a `typed_config` with the `@type` of the extension that you mean.',
    envoySays: `Didn't find a registered implementation for '${name}' with type URL: ''`,
  });
}
