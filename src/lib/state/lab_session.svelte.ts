import { tick } from 'svelte';
import type { TaskResult } from '#lab';
import type { RequestSpec } from '#world';
import type { LabPage } from '../content/lab_page.ts';
import { SimulationFailure, type Simulation } from '../simulation.ts';
import type { Problem } from '../../workers/protocol.ts';
import type { Notices } from './notices.svelte.ts';
import { Playback } from './playback.svelte.ts';
import { draftOf, requestOf, type RequestDraft } from './request_draft.ts';

/** Requests that the list keeps; an older one is dropped for a new one. */
const MAX_REQUESTS = 50;

type EngineState = 'starting' | 'ready' | 'running' | 'stopped';

/** One lab, open in this page: its files, the requests that were sent, and what the engine says of them. */
export class LabSession {
  readonly lab: LabPage;
  readonly playback = new Playback();
  files = $state.raw<Readonly<Record<string, string>>>({});
  /** The file that the editor shows. */
  open = $state('');
  requests = $state.raw<readonly RequestSpec[]>([]);
  draft = $state<RequestDraft>(undefined as never);
  problems = $state.raw<readonly Problem[]>([]);
  tasks = $state.raw<readonly TaskResult[]>([]);
  engine = $state<EngineState>('starting');
  /** Envoy would start with the text as it is; otherwise what is shown is of the last text with which it would. */
  isLoaded = $state(true);
  /** Wall time of the last run, for the reader and for measurements. */
  lastRunMs = $state(0);

  readonly #simulation: Simulation;
  readonly #notices: Notices;
  #isBusy = false;
  #isDue = false;
  #editedAt: number | undefined;
  #aim: { request: number; step?: number } | undefined = { request: 0 };

  constructor(lab: LabPage, simulation: Simulation, notices: Notices) {
    this.lab = lab;
    this.files = lab.files;
    this.open = lab.config;
    this.draft = draftOf({ to: lab.manifest.to, ...lab.manifest.first });
    this.requests = this.initialRequests();
    this.#simulation = simulation;
    this.#notices = notices;
  }

  /** The text of the open file as it is now. */
  get text(): string {
    return this.files[this.open] ?? '';
  }

  /** What is sent before the reader sends anything: the page opens with an answer to look at. */
  initialRequests(): readonly RequestSpec[] {
    const { to, first } = this.lab.manifest;
    return [{ to, ...first }];
  }

  edit(text: string, file = this.open): void {
    if (text === this.files[file]) return;
    this.#editedAt ??= performance.now();
    this.files = { ...this.files, [file]: text };
    void this.run();
  }

  /** Puts files and requests in the place of what is there: from storage, a link, a file or a reset. */
  replace(state: Partial<Pick<LabSession, 'files' | 'requests'>>, aim?: { request: number; step?: number }): void {
    this.files = { ...this.lab.files, ...state.files };
    this.requests = state.requests ?? this.requests;
    this.#aim = aim;
    void this.run();
  }

  send(): Promise<void> {
    this.requests = [...this.requests, requestOf(this.draft, this.lab.manifest.to)].slice(-MAX_REQUESTS);
    this.#aim = { request: this.requests.length - 1 };
    return this.run();
  }

  /** Sends it, and puts it into the request bar so that it can be changed. */
  sendDraft(draft: RequestDraft): Promise<void> {
    this.draft = { ...draft };
    return this.send();
  }

  remove(index: number): void {
    this.requests = this.requests.filter((_, i) => i !== index);
    void this.run();
  }

  edited(index: number): void {
    const request = this.requests[index];
    if (request) this.draft = draftOf(request);
  }

  /**
   * Plays the list anew, at once. What changes while a run is under way is played after it, all in one: never two at
   * a time, and a hand that types faster than the engine answers waits for no more than two runs.
   */
  async run(): Promise<void> {
    if (this.#isBusy) {
      this.#isDue = true;
      return;
    }
    this.#isBusy = true;
    if (this.engine !== 'starting') this.engine = 'running';
    try {
      await this.#runOnce();
    } finally {
      this.#isBusy = false;
    }
    if (this.#isDue) {
      this.#isDue = false;
      await this.run();
    }
  }

  async #runOnce(): Promise<void> {
    const began = performance.now();
    try {
      const answer = await this.#simulation.ask({
        kind: 'play',
        lab: this.lab.manifest,
        files: this.files,
        requests: this.requests,
      });
      this.problems = answer.problems;
      this.isLoaded = answer.isLoaded;
      this.tasks = answer.tasks;
      if (answer.isLoaded) {
        this.playback.show(answer.outcomes, this.#aim);
        this.#aim = undefined;
      }
      this.engine = 'ready';
      await tick();
      this.#measure();
      this.#notices.drop('engine');
    } catch (error) {
      this.engine = 'stopped';
      this.#tell(error);
    }
    this.lastRunMs = performance.now() - began;
  }

  /** Marks for whoever measures the page: `npm run bench:web`. */
  #measure(): void {
    if (performance.getEntriesByName('first answer').length === 0) performance.mark('first answer');
    if (this.#editedAt !== undefined && !this.#isDue) {
      performance.clearMeasures('edit to verdicts');
      performance.measure('edit to verdicts', { start: this.#editedAt });
      this.#editedAt = undefined;
    }
  }

  #tell(error: unknown): void {
    const failure = error instanceof SimulationFailure ? error : new SimulationFailure(String(error), true);
    const text = failure.isBug
      ? `This is a bug in the lab, not in your configuration: ${failure.message} (lab ${this.lab.manifest.slug}). Your text is kept.`
      : `The run was stopped. ${failure.message} Your text is kept.`;
    this.#notices.say('engine', text, { tone: 'bad', actions: [{ label: 'Run again', run: () => void this.run() }] });
  }
}
