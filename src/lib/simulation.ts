import type { AnswerTo, Envelope, Question, Reply } from '../workers/protocol.ts';

/** A run that has given no answer by then is ended, and the worker with it. */
const RUN_LIMIT_MS = 8_000;

/** Why there is no answer: the engine failed, or it stopped. */
export class SimulationFailure extends Error {
  readonly isBug: boolean;

  constructor(message: string, isBug: boolean) {
    super(message);
    this.isBug = isBug;
  }
}

interface Waiting {
  resolve(answer: never): void;
  reject(failure: SimulationFailure): void;
  readonly limit: ReturnType<typeof setTimeout>;
}

/** The engine, in a worker of its own: started at once, and started anew when it had to be ended. */
export class Simulation {
  #worker: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** Starts the engine, so that the first question finds it ready. */
  start(): void {
    if (this.#worker || typeof Worker === 'undefined') return;
    const worker =
      startedEarly() ?? new Worker(new URL('../workers/simulation.worker.ts', import.meta.url), { type: 'module' });
    worker.onmessage = (event: MessageEvent<Reply>) => this.#onReply(event.data);
    worker.onerror = (event) => {
      event.preventDefault();
      this.#end('The engine could not be started, or stopped by itself.');
    };
    this.#worker = worker;
  }

  ask<Q extends Question>(question: Q): Promise<AnswerTo<Q>> {
    this.start();
    const id = ++this.#lastId;
    return new Promise<AnswerTo<Q>>((resolve, reject) => {
      const limit = setTimeout(() => this.#end(`No answer came within ${RUN_LIMIT_MS / 1000} s.`), RUN_LIMIT_MS);
      this.#waiting.set(id, { resolve, reject, limit });
      this.#worker?.postMessage({ id, question } satisfies Envelope);
    });
  }

  #onReply(reply: Reply): void {
    const waiting = this.#waiting.get(reply.id);
    if (!waiting) return;
    this.#waiting.delete(reply.id);
    clearTimeout(waiting.limit);
    if ('bug' in reply) waiting.reject(new SimulationFailure(reply.bug, true));
    else waiting.resolve(reply.answer as never);
  }

  #end(why: string): void {
    this.stop();
    for (const { reject, limit } of this.#waiting.values()) {
      clearTimeout(limit);
      reject(new SimulationFailure(why, false));
    }
    this.#waiting.clear();
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}

/** The worker that `static/early.js` has started; it can be had once. */
function startedEarly(): Worker | undefined {
  const early = globalThis as { filterchainEngine?: Worker };
  const worker = early.filterchainEngine;
  delete early.filterchainEngine;
  return worker;
}
