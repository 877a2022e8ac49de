import { entries, get, set } from 'idb-keyval';
import type { RequestSpec } from '#world';

/** What the browser keeps of a lab, by its slug. */
export interface SavedWork {
  readonly version: 1;
  readonly slug: string;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly requests: readonly RequestSpec[];
  /** Titles of the tasks that were once done. */
  readonly done: readonly string[];
  readonly taskCount: number;
  readonly hintsShown: Readonly<Record<string, number>>;
  readonly isSolutionShown: boolean;
  readonly savedAt: number;
}

const PREFIX = 'lab/';

/** Kept, or why it could not be: the message is for the learner. */
export type Kept = { readonly isKept: true } | { readonly isKept: false; readonly message: string };

export async function keep(work: SavedWork): Promise<Kept> {
  try {
    await set(PREFIX + work.slug, work);
    return { isKept: true };
  } catch (error) {
    return { isKept: false, message: messageFor(error) };
  }
}

function messageFor(error: unknown): string {
  const name = error instanceof Error ? error.name : '';
  return name === 'QuotaExceededError'
    ? 'The storage of this browser is full, so your work is not kept here. Export it as a file.'
    : 'This browser does not allow storage (a private window, or a setting), so your work is not kept here. Export it as a file.';
}

/** The work of a lab; undefined where there is none or nothing may be read. */
export async function kept(slug: string): Promise<SavedWork | undefined> {
  try {
    const found: unknown = await get(PREFIX + slug);
    return isWork(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** The work of all labs, newest first. */
export async function allKept(): Promise<SavedWork[]> {
  try {
    const found = await entries<string, unknown>();
    return found
      .map(([, work]) => work)
      .filter(isWork)
      .sort((a, b) => b.savedAt - a.savedAt);
  } catch {
    return [];
  }
}

/** A file that somebody gives back: it may be anything. */
export function readExport(text: string): SavedWork | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isWork(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isWork(value: unknown): value is SavedWork {
  if (typeof value !== 'object' || value === null) return false;
  const { version, slug, files, requests, done, savedAt } = value as Record<string, unknown>;
  return (
    version === 1 &&
    typeof slug === 'string' &&
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every((text) => typeof text === 'string') &&
    Array.isArray(requests) &&
    Array.isArray(done) &&
    typeof savedAt === 'number'
  );
}
