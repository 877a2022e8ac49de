import { durationMs, type JsonObject } from '#api';
import type { Random } from '#sim';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import { HeaderMutation } from '../http/header_mutation.ts';
import type { Trace } from '../trace.ts';
import { compileClusterChoice, type ChooseCluster } from './cluster_choice.ts';
import { shadowOf } from './shadowed_routes.ts';
import { compileRouteMatch, type Mismatch, type RouteFacts } from './route_match.ts';

const DEFAULT_TIMEOUT_MS = 15_000;

/** A route: what it takes, and what it does with it. */
export class Route {
  readonly name: string;
  readonly node: ConfigNode;
  readonly match: ConfigNode | undefined;
  readonly mismatch: Mismatch;
  readonly action: ConfigNode | undefined;
  readonly redirect: ConfigNode | undefined;
  readonly directResponse: ConfigNode | undefined;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number | undefined;
  readonly priority: 'DEFAULT' | 'HIGH';
  readonly hashPolicy: readonly ConfigNode[];
  readonly mirrors: readonly ConfigNode[];
  /** `envoy.lb` of the action's metadata_match. */
  readonly subset: JsonObject | undefined;
  readonly chooseCluster: ChooseCluster;
  readonly runtimeFraction: ConfigNode | undefined;
  readonly requestHeaders: HeaderMutation;
  readonly responseHeaders: HeaderMutation;

  constructor(node: ConfigNode) {
    this.node = node;
    this.name = node.text('name') ?? '';
    this.match = node.child('match');
    this.mismatch = this.match ? compileRouteMatch(this.match) : () => 'it has no match';
    this.action = node.child('route');
    this.redirect = node.child('redirect');
    this.directResponse = node.child('direct_response');
    this.timeoutMs = durationMs(this.action?.text('timeout')) ?? DEFAULT_TIMEOUT_MS;
    this.chooseCluster = this.action ? compileClusterChoice(this.action) : () => ({ name: undefined });
    this.runtimeFraction = this.match?.child('runtime_fraction')?.child('default_value');
    this.idleTimeoutMs = durationMs(this.action?.text('idle_timeout'));
    this.priority = this.action?.text('priority') === 'HIGH' ? 'HIGH' : 'DEFAULT';
    this.hashPolicy = this.action?.list('hash_policy') ?? [];
    this.mirrors = this.action?.list('request_mirror_policies') ?? [];
    this.subset = subsetOf(this.action);
    this.requestHeaders = new HeaderMutation(node, 'request');
    this.responseHeaders = new HeaderMutation(node, 'response');
  }
}

/** What a route or weighted cluster asks of an endpoint's metadata. */
export function subsetOf(node: ConfigNode | undefined): JsonObject | undefined {
  return node?.child('metadata_match')?.child('filter_metadata')?.child('envoy.lb')?.value;
}

/** The first route whose match accepts the request. Order in the file decides, not specificity. */
export function firstMatchingRoute(
  routes: readonly Route[],
  request: HeaderMap,
  random: Random,
  facts: RouteFacts,
  trace: Trace | undefined,
): Route | undefined {
  const path = request.get(':path') ?? '';
  for (const [i, route] of routes.entries()) {
    const mismatch = route.mismatch(request, path, facts) ?? missedFraction(route, random);
    if (mismatch !== undefined) {
      trace?.record({
        kind: 'route_rejected',
        state: 'failed',
        because: route.node.ref,
        sentence: `Route ${titleOf(route, i)} does not match: ${mismatch}.`,
      });
      continue;
    }
    trace?.record({
      kind: 'route_matched',
      state: 'matched',
      because: route.node.ref,
      sentence: `Route ${titleOf(route, i)} is the first that matches ${request.get(':method')} ${path}.`,
    });
    if (trace) tellUnreached(routes, i + 1, trace);
    return route;
  }
  trace?.record({
    kind: 'route_not_found',
    state: 'failed',
    sentence: `None of the ${routes.length} routes matches ${path}: 404.`,
  });
  return undefined;
}

const PARTS: Readonly<Record<string, number>> = { HUNDRED: 100, TEN_THOUSAND: 10_000, MILLION: 1_000_000 };

/** A route with a runtime fraction takes only its share of the requests that fit. */
function missedFraction(route: Route, random: Random): string | undefined {
  const fraction = route.runtimeFraction;
  if (!fraction) return undefined;
  const parts = PARTS[fraction.text('denominator') ?? 'HUNDRED']!;
  const numerator = fraction.number('numerator') ?? 0;
  const drawn = random.below(parts);
  return drawn < numerator
    ? undefined
    : `the request drew ${drawn} and the runtime fraction takes those below ${numerator} of ${parts}`;
}

function tellUnreached(routes: readonly Route[], from: number, trace: Trace): void {
  for (const [i, route] of routes.entries()) {
    if (i < from) continue;
    const shadow = shadowOf(routes, i);
    const title = titleOf(route, i);
    trace.record({
      kind: shadow ? 'route_shadowed' : 'route_not_reached',
      state: shadow ? 'shadowed' : 'not_reached',
      because: route.node.ref,
      sentence: shadow
        ? `Route ${title} can never match: route ${titleOf(shadow.by, routes.indexOf(shadow.by))} before it takes ${shadow.takes}.`
        : `Route ${title} was not tried: an earlier route won.`,
    });
  }
}

const titleOf = (route: Route, index: number): string =>
  route.name === '' ? `number ${index + 1}` : `\`${route.name}\``;
