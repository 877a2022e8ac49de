import type { JsonObject } from '#api';
import type { Timer } from '#sim';
import { ConfigNode } from '../../../../config_node.ts';
import type { GrpcClient, GrpcStream } from '../../../../http/clients.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import { protocolConfig } from './messages.ts';
import type { ExtProcConfig, ProcessingMode } from './config.ts';

const METHOD = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

/** How a question to the processor ended. */
export type ProcessorAnswer =
  | { readonly kind: 'response'; readonly message: ConfigNode }
  | { readonly kind: 'closed' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed'; readonly details: string };

/** The stream to the processor: one question at a time, each with its time to be answered in. */
export class ProcessorStream {
  readonly #config: ExtProcConfig;
  readonly #callbacks: FilterCallbacks;
  readonly #mode: ProcessingMode;
  readonly #open: () => GrpcStream;
  #stream: GrpcStream | undefined;
  #isOver = false;
  #timer: Timer | undefined;
  #waiting: ((answer: ProcessorAnswer) => void) | undefined;

  constructor(
    config: ExtProcConfig,
    service: ConfigNode,
    mode: ProcessingMode,
    client: GrpcClient,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#callbacks = callbacks;
    this.#mode = mode;
    this.#open = () =>
      client.openStream(service, METHOD, {
        onMessage: (message) => this.#onMessage(message),
        onClose: (status, text) => this.#onClose(status, text),
      });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  ask(message: JsonObject, answered: (answer: ProcessorAnswer) => void): void {
    const { counters, timeoutMs } = this.#config;
    const isFirst = this.#stream === undefined;
    this.#waiting = answered;
    if (isFirst) {
      counters.streams_started.inc();
      this.#stream = this.#open();
    }
    counters.stream_msgs_sent.inc();
    if (timeoutMs > 0) this.#arm(timeoutMs);
    this.#stream?.send({
      ...message,
      metadataContext: {},
      ...(isFirst ? { protocolConfig: protocolConfig(this.#mode) } : {}),
    });
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    if (!this.#stream) return;
    this.#config.counters.streams_closed.inc();
    this.#stream.reset();
  }

  #arm(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#callbacks.dispatcher.createTimer('ext_proc_message_timeout', ms, () => {
      this.#config.counters.message_timeouts.inc();
      this.close();
      this.#answer({ kind: 'timeout' });
    });
  }

  #onMessage(message: JsonObject): void {
    const { counters, node } = this.#config;
    counters.stream_msgs_received.inc();
    if (!this.#waiting) return counters.spurious_msgs_received.inc();
    this.#timer?.cancel();
    this.#answer({ kind: 'response', message: new ConfigNode(message, node.ref) });
  }

  #onClose(status: number, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    const { counters } = this.#config;
    counters.server_half_closed.inc();
    if (status === 0) {
      counters.streams_closed.inc();
      return this.#answer({ kind: 'closed' });
    }
    counters.streams_failed.inc();
    const details = `ext_proc_error_gRPC_error_${status}${text === '' ? '' : `{${text.replaceAll(' ', '_')}}`}`;
    this.#answer({ kind: 'failed', details });
  }

  #answer(answer: ProcessorAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}
