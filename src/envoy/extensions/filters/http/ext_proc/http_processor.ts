import { durationMs, type Json, type JsonObject } from '#api';
import { ConfigNode } from '../../../../config_node.ts';
import type { Call, ClientResponse, HttpClient } from '../../../../http/clients.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import { HeaderMap } from '../../../../http/header_map.ts';
import { hostAndPath } from '../../../../http/url.ts';
import type { ExtProcConfig, ProcessingMode } from './config.ts';
import { protocolConfig } from './messages.ts';
import type { Processor, Question } from './processor.ts';

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
/** Their keys are names that somebody else chose. */
const FREE = new Set(['filterMetadata', 'typedFilterMetadata', 'attributes']);

/** As protobuf writes JSON with the names of its fields. */
function withProtoNames(value: Json): Json {
  if (Array.isArray(value)) return value.map(withProtoNames);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [snakeCase(key), FREE.has(key) ? one : withProtoNames(one)]),
  );
}

/** A processor that gets a request of its own for each message: ext_proc/http_client/http_client_impl.cc. */
export class HttpProcessor implements Processor {
  readonly #config: ExtProcConfig;
  readonly #service: ConfigNode;
  readonly #mode: ProcessingMode;
  readonly #client: HttpClient;
  readonly #callbacks: FilterCallbacks;
  #hasAsked = false;
  #call: Call | undefined;
  isOver = false;

  constructor(
    config: ExtProcConfig,
    service: ConfigNode,
    mode: ProcessingMode,
    client: HttpClient,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#service = service;
    this.#mode = mode;
    this.#client = client;
    this.#callbacks = callbacks;
  }

  ask(message: JsonObject, { answered }: Question): void {
    const first: JsonObject = this.#hasAsked ? {} : { protocolConfig: protocolConfig(this.#mode, this.#config) };
    this.#hasAsked = true;
    this.#config.counters.stream_msgs_sent.inc();
    const fails = (): void => {
      this.#config.counters.http_not_ok_resp_received.inc();
      answered({ kind: 'failed', details: 'ext_proc_error_HTTP_ERROR', isStream: false });
    };
    const uri = this.#service.child('http_uri');
    const cluster = uri?.text('cluster') ?? '';
    if (!this.#client.hasCluster(cluster)) return fails();
    this.#call = this.#client.send(
      {
        cluster,
        headers: this.#headersOf(uri?.text('uri') ?? ''),
        body: JSON.stringify(withProtoNames({ ...message, ...first })),
        hidesInternal: true,
        timeoutMs: durationMs(uri?.text('timeout')) ?? 0,
      },
      ({ response }) => {
        if (this.isOver) return;
        const read = response.status === 200 ? this.#read(response) : undefined;
        if (read) answered({ kind: 'response', message: read });
        else fails();
      },
    );
  }

  #headersOf(uri: string): HeaderMap {
    const { host, path } = hostAndPath(uri);
    const id = this.#callbacks.request.get('x-request-id');
    const added = this.#service.list('request_headers_to_add').map((one) => {
      const header = one.child('header');
      return [(header?.text('key') ?? '').toLowerCase(), header?.text('value') ?? ''] as const;
    });
    return new HeaderMap([
      [':method', 'POST'],
      [':scheme', 'http'],
      [':path', path],
      [':authority', host],
      ['content-type', 'application/json'],
      ...(id === undefined ? [] : [['x-request-id', id] as const]),
      ...added,
    ]);
  }

  #read({ body }: ClientResponse['response']): ConfigNode | undefined {
    try {
      return new ConfigNode(JSON.parse(body) as JsonObject, this.#config.node.ref);
    } catch {
      return undefined;
    }
  }

  show(message: JsonObject): void {
    this.ask(message, { isTimed: false, answered: () => undefined });
  }

  settle(): void {
    this.#call = undefined;
  }

  close(): void {
    this.isOver = true;
    this.#call?.cancel();
  }

  closeLater(): void {
    this.close();
  }
}
