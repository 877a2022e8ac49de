import type { UpstreamSpec } from '#world';
import type { RequestDraft } from '../state/request_draft.ts';

/** A lab as its page gets it: all of it is in the HTML that is sent. */
export interface LabPage {
  readonly slug: string;
  readonly title: string;
  readonly minutes: number;
  readonly track: { readonly key: string; readonly title: string };
  readonly article: { readonly title: string; readonly url: string };
  /** Its place among the labs of its track, counted from 1. */
  readonly number: number;
  readonly count: number;
  readonly next: { readonly slug: string; readonly title: string } | undefined;
  readonly prose: string;
  readonly files: Readonly<Record<string, string>>;
  readonly solution: Readonly<Record<string, string>>;
  /** The file that is the bootstrap. */
  readonly config: string;
  /** The start of the bootstrap, highlighted, line by line. */
  readonly highlighted: readonly string[];
  /** Absent: every endpoint answers. */
  readonly upstreams: readonly UpstreamSpec[] | undefined;
  /** The address that requests go to. */
  readonly to: string;
  readonly first: RequestDraft;
  readonly tasks: readonly { readonly title: string; readonly isHidden: boolean }[];
}
