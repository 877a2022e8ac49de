import type { ConfigNode } from '../../../../config_node.ts';
import { textOfSource } from '../../../../data_source.ts';
import { defineHttpFilter } from '../../../../http/filter.ts';
import { libraryOf } from '../../../../linked_library.ts';
import type { LuaScript } from '../../../../lua/lua_runtime.ts';
import { createStats } from '../../../../stats/stat_set.ts';
import { LuaFilter, type LuaConfig } from './lua_filter.ts';

/** What a route says: no script, another by its name, or one of its own. */
interface LuaPerRoute {
  readonly isDisabled: boolean;
  readonly name: string | undefined;
  readonly script: LuaScript | undefined;
  readonly filterContext: ConfigNode | undefined;
}

function load(source: string | undefined): LuaScript | undefined {
  if (source === undefined) return undefined;
  const loaded = libraryOf('lua').load(source);
  return 'script' in loaded ? loaded.script : undefined;
}

export const luaFilterFactory = defineHttpFilter<LuaPerRoute>({
  name: 'envoy.filters.http.lua',
  type: 'envoy.extensions.filters.http.lua.v3.Lua',
  fidelity: { level: 'partial', notSimulated: ['verifySignature by sha224'] },
  compile: (node, context) => {
    const prefix = node.text('stat_prefix');
    context.stats.gauge('lua.lua_vm_count');
    const config: LuaConfig = {
      node,
      clearsRouteCache: node.raw('clear_route_cache') !== false,
      counters: createStats(context.stats, `${context.statPrefix}lua.${prefix ? `${prefix}.` : ''}`, {
        counters: ['errors', 'executions'],
      }),
    };
    const own = load(textOfSource(node.child('default_source_code'), context.fileSystem) ?? node.text('inline_code'));
    const codes = node.child('source_codes');
    const named = new Map(
      Object.keys(codes?.value ?? {}).map((name) => [name, load(textOfSource(codes?.child(name), context.fileSystem))]),
    );
    return (callbacks, perRoute) => {
      const script = perRoute?.name === undefined ? (perRoute?.script ?? own) : named.get(perRoute.name);
      if (!script || perRoute?.isDisabled === true) return {};
      const filterContext = (perRoute?.filterContext ?? node.child('filter_context'))?.value ?? {};
      return new LuaFilter(config, { script, filterContext }, context, callbacks);
    };
  },
  compilePerRoute: (node, { fileSystem }) => ({
    isDisabled: node.flag('disabled'),
    name: node.text('name'),
    script: load(textOfSource(node.child('source_code'), fileSystem)),
    filterContext: node.child('filter_context'),
  }),
});
