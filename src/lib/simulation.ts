import type { Answer, Question } from '../workers/protocol.ts';

/** A run that has given no answer by then is ended, and the worker with it. */
const RUN_LIMIT_MS = 20_000;

/** The engine, in a worker of its own: started on the first request, started anew after a run that had to be ended. */
export class Simulation {
  #worker: Worker | undefined;
  #lastId = 0;

  send(question: Omit<Question, 'id'>): Promise<Answer> {
    const id = ++this.#lastId;
    this.#worker ??= new Worker(new URL('../workers/simulation.worker.ts', import.meta.url), { type: 'module' });
    const worker = this.#worker;
    return new Promise((resolve) => {
      const finish = (answer: Answer): void => {
        clearTimeout(limit);
        worker.removeEventListener('message', onMessage);
        worker.removeEventListener('error', onError);
        resolve(answer);
      };
      const fail = (bug: string): void => {
        this.stop();
        finish({ id, bug, steps: [], problems: [] });
      };
      const onMessage = (event: MessageEvent<Answer>): void => {
        if (event.data.id === id) finish(event.data);
      };
      const onError = (): void =>
        fail('The engine could not be started or stopped by itself. Your text is kept; send again.');
      const limit = setTimeout(
        () => fail(`The run had not ended after ${RUN_LIMIT_MS / 1000} s and was stopped. Your text is kept.`),
        RUN_LIMIT_MS,
      );
      worker.addEventListener('message', onMessage);
      worker.addEventListener('error', onError);
      worker.postMessage({ ...question, id });
    });
  }

  stop(): void {
    this.#worker?.terminate();
    this.#worker = undefined;
  }
}
