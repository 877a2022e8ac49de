import type { Lab } from '#lab';

/** A lab as its page gets it: all of it is in the HTML that is sent. */
export interface LabPage {
  readonly manifest: Lab;
  /** The file that is the bootstrap. */
  readonly config: string;
  readonly track: { readonly key: string; readonly title: string };
  readonly article: { readonly title: string; readonly url: string };
  /** Its place among the labs of its track, counted from 1. */
  readonly number: number;
  readonly count: number;
  readonly next: { readonly slug: string; readonly title: string } | undefined;
  readonly prose: string;
  readonly files: Readonly<Record<string, string>>;
  readonly solution: Readonly<Record<string, string>>;
  /** The start of the bootstrap, highlighted, line by line. */
  readonly highlighted: readonly string[];
}
