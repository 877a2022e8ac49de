import type { ConfigRef } from '#source';

/** What became of a rule: it decided, it was tried and failed, an earlier rule won, or no request can reach it. */
export type TraceState = 'info' | 'matched' | 'failed' | 'not_reached' | 'shadowed';

/** One decision of the proxy: what, when, by which lines, in a sentence. */
export interface TraceRecord {
  readonly sequence: number;
  readonly atMs: number;
  readonly kind: string;
  readonly state: TraceState;
  readonly because?: ConfigRef;
  readonly sentence: string;
  /** What stood at that moment and may change from request to request: whose turn it is, what is held, who is out. */
  readonly moment?: Readonly<Record<string, string>>;
}

/** Takes every decision. Absent (`undefined`) where nobody asked for a trace, so that no sentence is built in vain. */
export interface Trace {
  record(event: Omit<TraceRecord, 'sequence' | 'atMs'>): void;
}

export class RecordingTrace implements Trace {
  readonly records: TraceRecord[] = [];
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  record(event: Omit<TraceRecord, 'sequence' | 'atMs'>): void {
    this.records.push({ sequence: this.records.length, atMs: this.#nowMs(), ...event });
  }
}
