import type { ClientResponse, HttpClient } from '../../../../http/clients.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { isLuaObject, LuaFault, type LuaValue } from '../../../../lua/lua_runtime.ts';

/** What a script may say of a call, in place of a time and a flag. */
interface Options {
  readonly timeoutMs: number;
  readonly isAsynchronous: boolean;
  readonly sendsForwardedFor: boolean;
  readonly keepsDuplicates: boolean;
}

function optionsOf(fourth: LuaValue, fifth: LuaValue): Options {
  if (isTable(fourth))
    return {
      timeoutMs: Number(fourth['timeout_ms'] ?? 0),
      isAsynchronous: fourth['asynchronous'] === true,
      sendsForwardedFor: fourth['send_xff'] !== false,
      keepsDuplicates: fourth['return_duplicate_headers'] === true,
    };
  return {
    timeoutMs: Number(fourth ?? 0),
    isAsynchronous: fifth === true,
    sendsForwardedFor: true,
    keepsDuplicates: false,
  };
}

const isTable = (value: LuaValue): value is Record<string, LuaValue & never> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !isLuaObject(value);

/** Headers of a table: a list gives a name several values. */
export function headersOfTable(table: LuaValue): HeaderMap {
  const headers = new HeaderMap();
  if (!isTable(table)) return headers;
  for (const [name, value] of Object.entries(table as Record<string, LuaValue>))
    for (const one of Array.isArray(value) ? value : [value]) headers.add(name.toLowerCase(), String(one));
  return headers;
}

/** Asks another cluster: filters/http/lua/lua_filter.cc, luaHttpCall. */
export function sendCall(
  client: HttpClient,
  [cluster, table, body, fourth, fifth]: readonly LuaValue[],
  answered: (results: readonly LuaValue[]) => void,
): { readonly cancel: () => void; readonly isAsynchronous: boolean } {
  const options = optionsOf(fourth, fifth);
  if (options.timeoutMs < 0) throw new LuaFault('http call timeout must be >= 0');
  if (!client.hasCluster(String(cluster))) throw new LuaFault('http call cluster invalid. Must be configured');
  const headers = headersOfTable(table);
  if (![':path', ':method', ':authority'].every((name) => headers.has(name)))
    throw new LuaFault("http call headers must include ':path', ':method', and ':authority'");
  if (body !== undefined && body !== null) headers.set('content-length', String(String(body).length));
  const call = client.send(
    {
      cluster: String(cluster),
      headers,
      body: String(body ?? ''),
      timeoutMs: options.timeoutMs,
      sendsForwardedFor: options.sendsForwardedFor,
    },
    (answer) => {
      if (!options.isAsynchronous) answered(resultsOf(answer, options.keepsDuplicates));
    },
  );
  return { cancel: () => call.cancel(), isAsynchronous: options.isAsynchronous };
}

function resultsOf({ response }: ClientResponse, keepsDuplicates: boolean): readonly LuaValue[] {
  const table: Record<string, string | string[]> = { ':status': String(response.status) };
  for (const name of response.headers.names()) {
    const all = response.headers.all(name);
    table[name] = keepsDuplicates && all.length > 1 ? all : all.at(-1)!;
  }
  return [table, response.body === '' ? null : response.body];
}
