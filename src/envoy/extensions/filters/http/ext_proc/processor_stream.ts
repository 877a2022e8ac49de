import { durationMs, type JsonObject } from '#api';
import type { Timer } from '#sim';
import { ConfigNode } from '../../../../config_node.ts';
import type { GrpcClient, GrpcStream } from '../../../../http/clients.ts';
import type { FilterCallbacks } from '../../../../http/filter.ts';
import { protocolConfig } from './messages.ts';
import type { Processor, ProcessorAnswer, Question } from './processor.ts';
import type { ExtProcConfig, ProcessingMode } from './config.ts';

const METHOD = '/envoy.service.ext_proc.v3.ExternalProcessor/Process';

/** The stream to the processor: each question has its time to be answered in. */
export class ProcessorStream implements Processor {
  readonly #config: ExtProcConfig;
  readonly #callbacks: FilterCallbacks;
  readonly #mode: ProcessingMode;
  readonly #open: () => GrpcStream;
  #stream: GrpcStream | undefined;
  #isOver = false;
  #isExtended = false;
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

  /** Shows a message without waiting for what is said of it. */
  show(message: JsonObject): void {
    this.#send(message);
  }

  ask(message: JsonObject, { isTimed, answered }: Question): void {
    const { timeoutMs } = this.#config;
    this.#waiting = answered;
    this.#isExtended = false;
    const first: JsonObject = this.#stream ? {} : { protocolConfig: protocolConfig(this.#mode, this.#config) };
    this.#send({ ...message, ...first });
    if (timeoutMs > 0 && isTimed) this.#arm(timeoutMs);
  }

  /** What was asked has its answer, or none that counts. */
  settle(): void {
    this.#timer?.cancel();
    this.#waiting = undefined;
  }

  #send(message: JsonObject): void {
    const { counters } = this.#config;
    if (!this.#stream) {
      counters.streams_started.inc();
      this.#stream = this.#open();
    }
    counters.stream_msgs_sent.inc();
    this.#stream?.send(message);
  }

  /** Of one that only looks on: later, for it may still be reading. */
  closeLater(): void {
    if (this.#stream && !this.#isOver)
      this.#callbacks.dispatcher.createTimer('ext_proc_deferred_close', this.#config.closeAfterMs, () => this.close());
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
    const { counters, node, onlyObserves } = this.#config;
    if (this.#isOver || onlyObserves) return;
    const read = new ConfigNode(message, node.ref);
    const extended = durationMs(read.text('override_message_timeout'));
    if (extended !== undefined) return this.#extend(extended);
    const waiting = this.#waiting;
    if (!waiting) return counters.spurious_msgs_received.inc();
    // Whoever asked says whether this was an answer, and settles it.
    waiting({ kind: 'response', message: read });
  }

  /** The processor asks for more time: once for each message, and no more than it may. */
  #extend(ms: number): void {
    const { counters, maxTimeoutMs } = this.#config;
    if (!this.#waiting || this.#isExtended || ms < 1 || ms > maxTimeoutMs)
      return counters.override_message_timeout_ignored.inc();
    counters.override_message_timeout_received.inc();
    this.#isExtended = true;
    this.#arm(ms);
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
    this.#answer({ kind: 'failed', details, isStream: true });
  }

  #answer(answer: ProcessorAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.(answer);
  }
}
