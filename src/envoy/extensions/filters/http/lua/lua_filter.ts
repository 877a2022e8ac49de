import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FactoryContext, FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { LuaCall, LuaScript } from '../../../../lua/lua_runtime.ts';
import type { HttpResponse } from '../../../../seams.ts';
import type { StatSet } from '../../../../stats/stat_set.ts';
import { streamHandle, type Message } from './stream_handle.ts';

export interface LuaConfig {
  readonly node: ConfigNode;
  readonly clearsRouteCache: boolean;
  readonly counters: StatSet<'errors' | 'executions', never, never>;
}

/** Runs the functions of a script: extensions/filters/http/lua/lua_filter.cc. */
export class LuaFilter implements HttpFilter {
  readonly #config: LuaConfig;
  readonly #script: LuaScript;
  readonly #filterContext: JsonObject;
  readonly #clients: Pick<FactoryContext, 'httpClient'>;
  readonly #callbacks: FilterCallbacks;
  #cancel: () => void = () => undefined;

  constructor(
    config: LuaConfig,
    { script, filterContext }: { script: LuaScript; filterContext: JsonObject },
    clients: Pick<FactoryContext, 'httpClient'>,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#script = script;
    this.#filterContext = filterContext;
    this.#clients = clients;
    this.#callbacks = callbacks;
  }

  decode(): FilterStatus {
    const { request } = this.#callbacks;
    let hasChanged = false;
    const message: Message = {
      headers: request,
      trailers: this.#callbacks.requestTrailers,
      readBody: () => this.#callbacks.readBody(),
      writeBody: (body) => {
        this.#callbacks.requestBody = body;
        request.set('content-length', String(body.length));
      },
      headersChanged: () => void (hasChanged = true),
      hasBody: () => this.#callbacks.requestBody !== '',
      lock: { isIterating: false, isSent: false },
      isBuffered: false,
    };
    return this.#run('envoy_on_request', message, true, () => {
      if (hasChanged && this.#config.clearsRouteCache) this.#callbacks.clearRouteCache();
      return () => this.#callbacks.continueDecoding();
    });
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    let { body } = response;
    const { headers } = response;
    const message: Message = {
      headers,
      status: () => headers.get(':status') ?? String(response.status),
      trailers: response.trailers,
      readBody: () => body,
      writeBody: (text) => {
        body = text;
        headers.set('content-length', String(text.length));
      },
      headersChanged: () => undefined,
      hasBody: () => body !== '',
      lock: { isIterating: false, isSent: false },
      isBuffered: false,
    };
    const answer = (): HttpResponse => {
      const status = Number(headers.get(':status') ?? response.status);
      headers.remove(':status');
      return { ...response, status, body };
    };
    const status = this.#run(
      'envoy_on_response',
      message,
      false,
      () => () => this.#callbacks.continueEncoding(answer()),
    );
    return status === 'continue' ? answer() : status;
  }

  onDestroy(): void {
    this.#cancel();
  }

  /** Calls a function; `ended` says how to go on where it had to wait. */
  #run(name: string, message: Message, canRespond: boolean, ended: () => () => void): FilterStatus {
    if (!this.#script.has(name)) return 'continue';
    this.#config.counters.executions.inc();
    let isOver = false;
    let isReturned = false;
    const handle = streamHandle(message, {
      callbacks: this.#callbacks,
      clients: this.#clients,
      filterContext: this.#filterContext,
      canRespond,
      onResponded: () => undefined,
      resume: (results) => call.resume(results),
      setCancel: (cancel) => void (this.#cancel = cancel),
    });
    const call: LuaCall = this.#script.call(name, handle, (error) => {
      isOver = true;
      if (error !== undefined) this.#onError(error);
      const goOn = ended();
      if (isReturned) goOn();
    });
    isReturned = true;
    return isOver ? 'continue' : 'stop_iteration';
  }

  #onError(error: string): void {
    this.#config.counters.errors.inc();
    this.#callbacks.trace?.record({
      kind: 'lua_error',
      state: 'failed',
      because: this.#config.node.ref,
      sentence: `The script failed: ${error}. The message goes on.`,
    });
  }
}
