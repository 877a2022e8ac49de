import type { JsonObject } from '#api';
import { SIMULATION_EPOCH_MS } from '#sim';
import type { LogFiles } from '../access_log/access_loggers.ts';
import { wallTime } from '../formatter/wall_time.ts';

const ISO = '%Y-%m-%dT%H:%M:%S.%3fZ';

/** Events of hosts, a line of JSON each, as a file has them: outlier detection and health checks. */
export class EventLog {
  readonly #files: LogFiles;
  readonly #path: string;
  readonly #nowMs: () => number;

  constructor(files: LogFiles, path: string, nowMs: () => number) {
    this.#files = files;
    this.#path = path;
    this.#nowMs = nowMs;
  }

  /** The time goes behind the fields that come first in the message. */
  write(first: JsonObject, last: JsonObject): void {
    const timestamp = wallTime(SIMULATION_EPOCH_MS + this.#nowMs(), ISO);
    const line = JSON.stringify({ ...first, timestamp, ...last });
    this.#files.set(this.#path, `${this.#files.get(this.#path) ?? ''}${line}\n`);
  }
}
