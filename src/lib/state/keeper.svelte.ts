import type { LabSession } from './lab_session.svelte.ts';
import type { Notices } from './notices.svelte.ts';
import { OtherTabs } from './other_tabs.ts';
import { keep, kept, readExport, type SavedWork } from './saved_work.ts';

/** A pause after which work is kept. */
const PAUSE_MS = 150;

/** Keeps the work of one lab in this browser, and gives it back. */
export class Keeper {
  /** What the reader is told: whether the work is kept. */
  status = $state('');
  done = $state.raw<readonly string[]>([]);
  hintsShown = $state.raw<Readonly<Record<string, number>>>({});
  isSolutionShown = $state(false);

  readonly #session: LabSession;
  readonly #notices: Notices;
  #tabs: OtherTabs | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Off until the work is open, while another tab has newer work, and for a link that was only looked at. */
  #isKeeping = false;
  /** What is kept already: the same is not kept again. */
  #kept = '';

  constructor(session: LabSession, notices: Notices) {
    this.#session = session;
    this.#notices = notices;
  }

  /** Puts what was kept into the session, or runs the start where nothing was. */
  async open(): Promise<void> {
    const first = this.#session.run();
    const work = await kept(this.#session.lab.manifest.slug);
    await first;
    if (work) {
      this.#take(work);
      this.status = `Your work of ${when(work.savedAt)} is back`;
    }
    this.#begin();
  }

  /** A shared state is looked at first: what is kept stays as it is until the reader changes something. */
  async openShared(): Promise<void> {
    const work = await kept(this.#session.lab.manifest.slug);
    if (work) {
      this.#progressOf(work);
      this.#notices.say(
        'link',
        'This is the state from the link. Your own work is kept until you change something here.',
        {
          actions: [{ label: 'Show my own work', run: () => (this.#take(work), this.#notices.drop('link')) }],
        },
      );
    }
    this.#begin();
  }

  #begin(): void {
    this.#tabs = new OtherTabs(this.#session.lab.manifest.slug, (kind) => this.#heard(kind));
    this.#isKeeping = true;
    addEventListener('pagehide', this.#flush);
  }

  close(): void {
    this.#flush();
    removeEventListener('pagehide', this.#flush);
    this.#tabs?.close();
  }

  /** What waits for its pause is kept at once: the page goes away. */
  readonly #flush = (): void => {
    if (this.#timer !== undefined) void this.#keepNow();
  };

  /** To be called after each change of files, requests or progress. */
  changed(): void {
    if (!this.#isKeeping) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#keepNow(), PAUSE_MS);
  }

  passed(titles: readonly string[]): void {
    if (titles.every((title) => this.done.includes(title))) return;
    this.done = [...new Set([...this.done, ...titles])];
    this.changed();
  }

  showHint(task: string): void {
    this.hintsShown = { ...this.hintsShown, [task]: (this.hintsShown[task] ?? 0) + 1 };
    this.changed();
  }

  showSolution(): void {
    this.isSolutionShown = true;
    this.changed();
  }

  forgetProgress(): void {
    this.done = [];
    this.hintsShown = {};
    this.isSolutionShown = false;
    this.changed();
  }

  work(): SavedWork {
    const { lab, files, requests } = this.#session;
    return {
      version: 1,
      slug: lab.manifest.slug,
      title: lab.manifest.title,
      files,
      requests,
      done: this.done,
      taskCount: lab.manifest.checks.length,
      hintsShown: { ...this.hintsShown },
      isSolutionShown: this.isSolutionShown,
      savedAt: Date.now(),
    };
  }

  /** A file that was exported: of this lab, or the reason why not. */
  import(text: string): void {
    const work = readExport(text);
    const { slug } = this.#session.lab.manifest;
    if (!work)
      return this.#notices.say('text', 'This file is not an export of this page. Nothing was changed.', {
        tone: 'bad',
      });
    if (work.slug !== slug)
      return this.#notices.say(
        'text',
        `This file is the work of another lab: “${work.title}”. Open that lab, then import it.`,
        { tone: 'bad' },
      );
    const before = this.work();
    this.#take(work);
    this.#notices.say('text', `Your work of ${when(work.savedAt)} is back.`, {
      actions: [{ label: 'Undo', run: () => this.#take(before) }],
    });
  }

  #take(work: SavedWork): void {
    this.#progressOf(work);
    this.#session.replace({ files: work.files, requests: work.requests });
    this.#kept = contentOf(this.work());
  }

  #progressOf(work: SavedWork): void {
    this.done = work.done;
    this.hintsShown = work.hintsShown;
    this.isSolutionShown = work.isSolutionShown;
  }

  async #keepNow(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const work = this.work();
    const content = contentOf(work);
    if (content === this.#kept) return;
    this.#kept = content;
    const result = await keep(work);
    if (!result.isKept) this.#kept = '';
    if (result.isKept) {
      this.status = 'Saved in this browser';
      this.#notices.drop('storage');
      this.#tabs?.saved();
    } else {
      this.status = 'Not saved';
      this.#notices.say('storage', result.message, { tone: 'bad' });
    }
  }

  #heard(kind: 'open' | 'saved'): void {
    if (kind === 'open') {
      this.#notices.say(
        'tabs',
        'This lab is open in another tab too. Both work; the one that changes something last is kept.',
      );
      return;
    }
    this.#isKeeping = false;
    this.status = 'Not saved: changed in another tab';
    const go = (): void => {
      this.#notices.drop('tabs');
      this.#isKeeping = true;
      this.#kept = '';
    };
    this.#notices.say(
      'tabs',
      'This lab was changed in another tab. Nothing more is saved from here until you choose.',
      {
        tone: 'bad',
        actions: [
          { label: 'Take what the other tab has', run: () => (go(), void this.#reload()) },
          { label: 'Keep what is here', run: () => (go(), void this.#keepNow()) },
        ],
      },
    );
  }

  async #reload(): Promise<void> {
    const work = await kept(this.#session.lab.manifest.slug);
    if (work) this.#take(work);
  }
}

/** All of it but the time. */
const contentOf = (work: SavedWork): string => JSON.stringify({ ...work, savedAt: 0 });

function when(time: number): string {
  const date = new Date(time);
  const isToday = date.toDateString() === new Date().toDateString();
  const clock = date.toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
  return isToday ? clock : `${date.toLocaleDateString([], { day: 'numeric', month: 'short' })}, ${clock}`;
}
