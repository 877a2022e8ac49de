import { at, type ConfigRef } from '#source';
import type { ConfigNode } from '../config_node.ts';
import type { HeaderMap } from '../http/header_map.ts';
import type { Trace } from '../trace.ts';
import type { RouteConfig } from './route_config.ts';
import { compileScopeKey, keyOfScope, type ScopeKey } from './scope_key.ts';

/** One scope: who belongs to it, and its table once that is there. */
export interface Scope {
  readonly node: ConfigNode;
  readonly name: string;
  readonly routes: { readonly current: RouteConfig | undefined };
}

/** `scoped_routes` of a connection manager: the request itself picks the table in which its route is looked for. */
export class Scopes {
  readonly #keyOf: ReturnType<typeof compileScopeKey>;
  readonly #ref: ConfigRef;
  #byKey: ReadonlyMap<string, Scope> = new Map();

  constructor(scopedRoutes: ConfigNode) {
    this.#ref = scopedRoutes.ref;
    this.#keyOf = compileScopeKey(scopedRoutes.child('scope_key_builder')!);
  }

  /** Takes the place of all scopes that were there. */
  set(scopes: readonly Scope[]): void {
    this.#byKey = new Map(scopes.map((scope) => [keyOfScope(scope.node), scope]));
  }

  get all(): Iterable<Scope> {
    return this.#byKey.values();
  }

  /** Undefined where the request belongs to no scope, or its table has not come. */
  routesFor(request: HeaderMap, trace: Trace | undefined): RouteConfig | undefined {
    const made = this.#keyOf(request);
    const scope = 'key' in made ? this.#byKey.get(made.key) : undefined;
    if (trace) this.#tell(trace, made, scope);
    return scope?.routes.current;
  }

  #tell(trace: Trace, made: ScopeKey, found: Scope | undefined): void {
    if ('missing' in made)
      return trace.record({
        kind: 'scope_key_missing',
        state: 'failed',
        because: made.missing,
        sentence: `The request has nothing in \`${made.header}\` for the key of a scope: it belongs to none.`,
      });
    for (const scope of this.#byKey.values())
      if (scope !== found)
        trace.record({
          kind: 'scope_rejected',
          state: found ? 'not_reached' : 'failed',
          because: at(scope.node.ref, 'key'),
          sentence: `The scope \`${scope.name}\` has the key ${keyOfScope(scope.node)}, and the request ${made.key}.`,
        });
    trace.record(
      found
        ? {
            kind: 'scope_matched',
            state: 'matched',
            because: found.node.ref,
            sentence: `The key ${made.key} leads to the scope \`${found.name}\`${found.routes.current ? '' : ', whose routes have not come'}.`,
          }
        : {
            kind: 'scope_not_found',
            state: 'failed',
            because: this.#ref,
            sentence: `No scope has the key ${made.key}: the request has no routes.`,
          },
    );
  }
}
