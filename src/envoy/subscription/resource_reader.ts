import type { Api, Json, JsonObject } from '#api';
import { at, type ConfigPath, type ConfigRef, type Diagnostic } from '#source';
import { MESSAGE_OF, typeOfMessage, type XdsResource, type XdsType } from '#xds';
import { ConfigNode } from '../config_node.ts';
import type { StatsStore } from '../stats/store.ts';
import type { CheckFacts } from '../validation/check.ts';
import { MessageChecks } from '../validation/checks.ts';
import type { DecodedResource } from './subscription.ts';

const DISCOVERY_RESPONSE = 'envoy.service.discovery.v3.DiscoveryResponse';

/** What the text of a file cannot be at all, so that there is no message to judge: json_utility, loadFromJson. */
const UNREADABLE = new Set(['yaml', 'type', 'duration', 'enum', 'oneof', 'any', 'unknown_type', 'unreadable', 'depth']);

/** Resources, or why the whole of them is refused: `failure` where there was no message to refuse. */
export type ReadResources =
  | { readonly resources: readonly DecodedResource[]; readonly version: string }
  | { readonly refused: string; readonly kind: 'failure' | 'rejected'; readonly ref?: ConfigRef };

/** Reads resources as Envoy decodes them: fields it does not know are let pass, broken rules cost the whole response. */
export class ResourceReader {
  readonly #api: Api;
  /** What a resource may name, as it is now. */
  readonly #known: () => CheckFacts;
  readonly #stats: StatsStore;

  constructor(api: Api, stats: StatsStore, known: () => CheckFacts) {
    this.#api = api;
    this.#stats = stats;
    this.#known = known;
  }

  /** What went wrong in earnest. A field that this Envoy does not know is counted, and let pass. */
  #faults(diagnostics: readonly Diagnostic[]): Diagnostic[] {
    for (const { code } of diagnostics) if (code === 'unknown_field') this.#stats.add('server.dynamic_unknown_fields');
    return diagnostics.filter(isFault);
  }

  /** Over RDS nobody asks whether the clusters are there, unless the routes say so. */
  #facts(type: XdsType, values: readonly JsonObject[]): CheckFacts {
    const asks = type !== 'rds' || values.some((one) => one['validateClusters'] === true);
    const known = this.#known();
    return asks ? known : { ...known, clusters: undefined };
  }

  /** The resources of a file: a `DiscoveryResponse` in YAML or JSON. */
  ofFile(text: string, path: string, type: XdsType): ReadResources {
    const checks = new MessageChecks();
    const options = { resource: path, type: DISCOVERY_RESPONSE, visit: checks.visit } as const;
    const { value, diagnostics } = this.#api.read(text, options);
    const faults = this.#faults(diagnostics);
    const unreadable = faults.find((one) => UNREADABLE.has(one.code));
    if (!value || unreadable || text.trim() === '')
      return {
        refused: unreadable?.message ?? 'it is empty',
        kind: 'failure',
        ...(unreadable && { ref: unreadable.ref }),
      };
    const version = typeof value['versionInfo'] === 'string' ? value['versionInfo'] : '';
    const list = Array.isArray(value['resources']) ? value['resources'] : [];
    const root: ConfigRef = { resource: path, path: [] };
    const refused = checks.run(this.#facts(type, list.map(unwrapped))).filter(isFault);
    const isOf = (i: number) => (one: Diagnostic) => one.ref.path[0] === 'resources' && one.ref.path[1] === i;
    const resources: DecodedResource[] = [];
    for (const [i, one] of list.entries()) {
      const found = { faults: faults.filter(isOf(i)), refused: refused.filter(isOf(i)) };
      const decoded = decode(unwrapped(one), type, at(root, 'resources', i), found, version);
      if ('refused' in decoded) return { ...decoded, kind: 'rejected' };
      resources.push(decoded);
    }
    return { resources, version };
  }

  /** The resources that a management server sent. */
  ofServer(sent: readonly XdsResource[], type: XdsType, version: string): ReadResources {
    const resources: DecodedResource[] = [];
    for (const one of sent) {
      const resource = `${type}/${one.name}`;
      const checks = new MessageChecks();
      const options = { resource, type: MESSAGE_OF[type], visit: checks.visit } as const;
      const { value, diagnostics } = this.#api.read(JSON.stringify(one.resource ?? {}), options);
      const found = {
        faults: this.#faults(diagnostics),
        refused: checks.run(this.#facts(type, [value ?? {}])).filter(isFault),
      };
      const decoded = decode(value ?? {}, type, { resource, path: [] }, found, one.version);
      if ('refused' in decoded) return { refused: decoded.refused, kind: 'rejected' };
      resources.push(decoded);
    }
    return { resources, version };
  }
}

/** A dynamic resource may have fields that this Envoy does not know: it counts them and goes on. */
const isFault = (one: Diagnostic): boolean => one.severity === 'error' && one.code !== 'unknown_field';

/** A file may wrap a resource in a `Resource` with a name and version of its own. */
function unwrapped(value: Json): JsonObject {
  const object = isObject(value) ? value : {};
  const inner = object['resource'];
  return String(object['@type']).endsWith('.discovery.v3.Resource') && isObject(inner) ? inner : object;
}

function decode(
  value: JsonObject,
  type: XdsType,
  ref: ConfigRef,
  { faults, refused }: { faults: readonly Diagnostic[]; refused: readonly Diagnostic[] },
  version: string,
): DecodedResource | { refused: string; ref: ConfigRef } {
  const url = value['@type'];
  if (typeof url === 'string' && typeOfMessage(url) !== type)
    return { refused: `${url} is not a resource of the type ${MESSAGE_OF[type]}`, ref };
  const isInner = (one: Diagnostic): boolean => isInsideAny(value, one.ref.path.slice(ref.path.length));
  const outer = faults.find((one) => !isInner(one));
  if (outer) return { refused: outer.message, ref: outer.ref };
  const inner = [...faults, ...refused];
  const node = new ConfigNode(value, ref);
  const name = node.text(type === 'eds' ? 'cluster_name' : 'name') ?? '';
  const [first] = inner;
  if (!first) return { name, version, node, problem: undefined };
  const problem = inner.map((one) => one.envoySays ?? one.message).join('; ');
  return { name, version, node, problem, problemCode: first.code, problemRef: first.ref };
}

/** Whether a path leads through a typed configuration, which is unpacked only by whoever takes the resource. */
function isInsideAny(root: JsonObject, path: ConfigPath): boolean {
  let now: Json | undefined = root;
  for (const [i, step] of path.entries()) {
    if (i > 0 && isObject(now) && typeof now['@type'] === 'string') return true;
    now = Array.isArray(now) ? now[Number(step)] : isObject(now) ? memberOf(now, String(step)) : undefined;
  }
  return isObject(now) && now !== root && typeof now['@type'] === 'string';
}

const memberOf = (object: JsonObject, name: string): Json | undefined =>
  object[name] ?? object[name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())];

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
