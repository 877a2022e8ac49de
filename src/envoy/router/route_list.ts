import type { Random } from '#sim';
import type { HeaderMap } from '../http/header_map.ts';
import type { Trace } from '../trace.ts';
import { firstOf, PathIndex, pathSetOf } from './path_index.ts';
import { fractionOf } from '../runtime/runtime.ts';
import type { Route } from './route.ts';
import type { RouteFacts } from './route_match.ts';
import { shadowsOf, type Shadow } from './shadowed_routes.ts';

/** Routes in the order of the file, which decides, not specificity. */
export class RouteList {
  readonly routes: readonly Route[];
  #index: PathIndex | undefined;
  #shadows: readonly (Shadow<Route> | undefined)[] | undefined;

  readonly #ignoresPathParameters: boolean;

  constructor(routes: readonly Route[], ignoresPathParameters = false) {
    this.routes = routes;
    this.#ignoresPathParameters = ignoresPathParameters;
  }

  /** The first route whose match accepts the request. With a trace every route says what became of it. */
  first(request: HeaderMap, random: Random, facts: RouteFacts, trace: Trace | undefined): Route | undefined {
    const whole = request.get(':path') ?? '';
    const path = this.#ignoresPathParameters ? withoutParameters(whole) : whole;
    if (trace) return this.#firstTold(request, random, facts, { path, trace });
    const isTaken = (position: number): boolean => {
      const route = this.routes[position]!;
      return (route.mismatch(request, path, facts) ?? missedFraction(route, random, facts)) === undefined;
    };
    const position = firstOf((this.#index ??= this.#compileIndex()).candidates(path), isTaken);
    return position === undefined ? undefined : this.routes[position];
  }

  #compileIndex(): PathIndex {
    const index = new PathIndex();
    this.routes.forEach((route, position) => index.add(position, pathSetOf(route.match)));
    return index;
  }

  #firstTold(
    request: HeaderMap,
    random: Random,
    facts: RouteFacts,
    { path, trace }: { path: string; trace: Trace },
  ): Route | undefined {
    for (const [i, route] of this.routes.entries()) {
      const mismatch = route.mismatch(request, path, facts) ?? missedFraction(route, random, facts);
      if (mismatch !== undefined) {
        trace.record({
          kind: 'route_rejected',
          state: 'failed',
          because: route.node.ref,
          sentence: `Route ${titleOf(route, i)} does not match: ${mismatch}.`,
        });
        continue;
      }
      trace.record({
        kind: 'route_matched',
        state: 'matched',
        because: route.node.ref,
        sentence: `Route ${titleOf(route, i)} is the first that matches ${request.get(':method')} ${path}.`,
      });
      this.#tellUnreached(i + 1, trace);
      return route;
    }
    trace.record({
      kind: 'route_not_found',
      state: 'failed',
      sentence: `None of the ${this.routes.length} routes matches ${path}: 404.`,
    });
    return undefined;
  }

  #tellUnreached(from: number, trace: Trace): void {
    const shadows = (this.#shadows ??= shadowsOf(this.routes));
    for (let i = from; i < this.routes.length; i++) {
      const [route, shadow] = [this.routes[i]!, shadows[i]];
      const title = titleOf(route, i);
      trace.record({
        kind: shadow ? 'route_shadowed' : 'route_not_reached',
        state: shadow ? 'shadowed' : 'not_reached',
        because: route.node.ref,
        sentence: shadow
          ? `Route ${title} can never match: route ${titleOf(shadow.by, shadow.position)} before it takes ${shadow.takes}.`
          : `Route ${title} was not tried: an earlier route won.`,
      });
    }
  }
}

/** A path without what follows a `;` in each of its parts; the query stays. */
const withoutParameters = (path: string): string => path.replace(/^[^?#]*/, (bare) => bare.replace(/;[^/]*/g, ''));

const NOTHING = { numerator: 0, denominator: 100 };

/** A route with a runtime fraction takes only its share of the requests that fit. */
function missedFraction(route: Route, random: Random, facts: RouteFacts): string | undefined {
  const fraction = route.runtimeFraction;
  if (!fraction) return undefined;
  const given = fractionOf(fraction.child('default_value'), NOTHING);
  const key = fraction.text('runtime_key') ?? '';
  const { numerator, denominator: parts } = facts.runtime?.fraction(key, given) ?? given;
  const drawn = random.below(parts);
  return drawn < numerator
    ? undefined
    : `the request drew ${drawn} and the runtime fraction takes those below ${numerator} of ${parts}`;
}

const titleOf = (route: Route, index: number): string =>
  route.name === '' ? `number ${index + 1}` : `\`${route.name}\``;
