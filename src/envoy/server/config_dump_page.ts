import { compileRe2, regexFault } from '../matching/re2.ts';
import type { Json, JsonObject } from '#api';
import type { AdminResponse } from './admin_response.ts';
import { dumpParts, type DumpSources } from './config_dump.ts';

/** What the parts may have, beside what they have now: a mask that names none of it is refused. */
const FIELDS: Readonly<
  Record<string, { readonly single: readonly string[]; readonly repeated: Readonly<Record<string, string>> }>
> = {
  BootstrapConfigDump: { single: ['bootstrap', 'last_updated'], repeated: {} },
  ClustersConfigDump: {
    single: ['version_info'],
    repeated: {
      static_clusters: 'StaticCluster',
      dynamic_active_clusters: 'DynamicCluster',
      dynamic_warming_clusters: 'DynamicCluster',
    },
  },
  EcdsConfigDump: { single: [], repeated: { ecds_filters: 'EcdsConfigDump.EcdsFilterConfig' } },
  EndpointsConfigDump: {
    single: [],
    repeated: { static_endpoint_configs: 'StaticEndpointConfig', dynamic_endpoint_configs: 'DynamicEndpointConfig' },
  },
  ListenersConfigDump: {
    single: ['version_info'],
    repeated: { static_listeners: 'StaticListener', dynamic_listeners: 'DynamicListener' },
  },
  ScopedRoutesConfigDump: {
    single: [],
    repeated: {
      inline_scoped_route_configs: 'InlineScopedRouteConfigs',
      dynamic_scoped_route_configs: 'DynamicScopedRouteConfigs',
    },
  },
  RoutesConfigDump: {
    single: [],
    repeated: { static_route_configs: 'StaticRouteConfig', dynamic_route_configs: 'DynamicRouteConfig' },
  },
  SecretsConfigDump: {
    single: [],
    repeated: {
      static_secrets: 'StaticSecret',
      dynamic_active_secrets: 'DynamicSecret',
      dynamic_warming_secrets: 'DynamicSecret',
    },
  },
};

const kindOf = (part: JsonObject): string => String(part['@type']).split('.').at(-1) ?? '';
const fieldsOf = (part: JsonObject): (typeof FIELDS)[string] => FIELDS[kindOf(part)] ?? { single: [], repeated: {} };

/** `/config_dump`, whole or in part: config_dump_handler.cc. */
export function configDumpPage(sources: DumpSources, query: ReadonlyMap<string, string>): AdminResponse {
  const pattern = query.get('name_regex');
  const keeps = pattern === undefined ? () => true : matcherOf(pattern);
  if (typeof keeps === 'string') return { status: 400, body: keeps };
  const parts = dumpParts(sources, keeps, query.has('include_eds'));
  const [resource, mask] = [query.get('resource'), query.get('mask')];
  if (resource !== undefined) return resourceDump(parts, resource, mask);
  return mask === undefined ? shown(parts) : maskedDump(parts, mask);
}

function matcherOf(pattern: string): ((name: string) => boolean) | string {
  const fault = regexFault(pattern);
  if (fault) return `INVALID_ARGUMENT: Error while parsing name_regex from ${pattern}: ${fault.message}`;
  const compiled = compileRe2(pattern);
  return (name) => compiled.matcher(name).matches();
}

function shown(parts: readonly JsonObject[]): AdminResponse {
  return { status: 200, body: JSON.stringify(parts.length === 0 ? {} : { configs: parts }, null, 1) };
}

/** One repeated field of one part, each element as a config of its own. */
function resourceDump(parts: readonly JsonObject[], resource: string, mask: string | undefined): AdminResponse {
  const part = parts.find((one) =>
    [...fieldsOf(one).single, ...Object.keys(fieldsOf(one).repeated)].includes(resource),
  );
  if (!part) return { status: 404, body: `${resource} not found in config dump` };
  const message = fieldsOf(part).repeated[resource];
  if (message === undefined)
    return { status: 400, body: `${resource} is not a repeated field. Use ?mask=${resource} to get only this field` };
  const list = Array.isArray(part[resource]) ? (part[resource] as JsonObject[]) : [];
  const masked = mask === undefined ? list : list.map((one) => applied(one, mask.split(',')));
  if (masked.some((one) => one === undefined))
    return { status: 400, body: `FieldMask paths: "${mask}"\n could not be successfully used.` };
  return shown((masked as JsonObject[]).map((one) => ({ '@type': `${String(part['@type'])}.${message}`, ...one })));
}

/** Of each part that has what the mask names only that. A path may not lead through a list. */
function maskedDump(parts: readonly JsonObject[], mask: string): AdminResponse {
  const paths = mask.split(',');
  const fits = parts.filter((part) => {
    const { single, repeated } = fieldsOf(part);
    return paths.some((path) => {
      const [first = '', ...rest] = path.split('.');
      return single.includes(first) || (rest.length === 0 && first in repeated);
    });
  });
  if (fits.length === 0)
    return { status: 400, body: `FieldMask ${mask} could not be successfully applied to any configs.` };
  return shown(fits.map((part) => ({ '@type': part['@type']!, ...applied(part, paths) })));
}

/** What the paths name of a message; its type stays. Undefined where the first step of none of them is there. */
function applied(message: JsonObject, paths: readonly string[]): JsonObject | undefined {
  const out: JsonObject = typeof message['@type'] === 'string' ? { '@type': message['@type'] } : {};
  let isNamed = false;
  for (const path of paths) {
    const [first = '', ...rest] = path.split('.');
    const value = message[first];
    if (value === undefined) continue;
    isNamed = true;
    const inner = rest.length === 0 ? value : isObject(value) ? applied(value, [rest.join('.')]) : undefined;
    if (inner !== undefined) out[first] = merged(out[first], inner);
  }
  return isNamed ? out : undefined;
}

const merged = (before: Json | undefined, now: Json): Json =>
  isObject(before) && isObject(now) ? { ...before, ...now } : now;

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
