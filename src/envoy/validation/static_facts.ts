import type { JsonObject } from '#api';
import { ConfigNode } from '../config_node.ts';
import type { CheckFacts } from './check.ts';

/** What the static part of a bootstrap has that others may name, there and in what comes over xDS. */
export function staticFacts(value: JsonObject): Required<CheckFacts> & { readonly clusters: ReadonlySet<string> } {
  const bootstrap = new ConfigNode(value, { resource: '', path: [] });
  const resources = bootstrap.child('static_resources');
  const nameOf = (node: ConfigNode): string => node.text('name') ?? '';
  const clusters = resources?.list('clusters') ?? [];
  const secrets = (resources?.list('secrets') ?? []).flatMap((secret) => [
    ...Object.keys(secret.value).map((kind) => `${kind} ${nameOf(secret)}`),
    nameOf(secret),
  ]);
  const localCluster = bootstrap.child('cluster_manager')?.text('local_cluster_name') ?? '';
  const self = bootstrap.child('node');
  return {
    clusters: new Set(clusters.map(nameOf)),
    servers: new Set(clusters.filter((one) => one.text('type') !== 'EDS').map(nameOf)),
    secrets: new Set(secrets),
    hasLocalCluster: localCluster !== '',
    isNamed: (self?.text('id') ?? '') !== '' && (self?.text('cluster') ?? '') !== '',
  };
}
