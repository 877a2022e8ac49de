import { strFromU8, strToU8, unzlibSync, zlibSync } from 'fflate';
import type { RequestSpec } from '#world';

/** What a share link carries: all that is needed to see what its sender saw. */
export interface SharedState {
  readonly files: Readonly<Record<string, string>>;
  readonly requests: readonly RequestSpec[];
  /** The selected request and step, counted from 0. */
  readonly request: number;
  readonly step: number;
}

/** Raised when the form changes; a reader knows all that came before. */
const VERSION = 1;
const KEY = 'state';
/** A text that inflates to more than this was not made by this page. */
const MAX_LENGTH = 4_000_000;

export type ReadLink =
  | { readonly kind: 'none' }
  | { readonly kind: 'state'; readonly state: SharedState }
  | { readonly kind: 'broken'; readonly message: string };

/** `#state=VERSION.LENGTH.DATA`: the length tells a link that was cut. */
export function fragmentOf(state: SharedState): string {
  const packed = base64Url(zlibSync(strToU8(JSON.stringify(state)), { level: 9 }));
  return `#${KEY}=${VERSION}.${packed.length}.${packed}`;
}

export function readFragment(fragment: string): ReadLink {
  const text = fragment.replace(/^#/, '');
  if (!text.startsWith(`${KEY}=`)) return { kind: 'none' };
  const [, version, length, packed] = /^state=(\d+)\.(\d+)\.([\w-]*)$/.exec(text) ?? [];
  if (version !== undefined && Number(version) > VERSION)
    return broken(
      'This link was made by a newer version of this page. Reload the page without its cache, then open the link again.',
    );
  if (packed === undefined || packed.length !== Number(length))
    return broken('This link is not whole: a part of it was cut off on its way. Ask for it again, as a whole.');
  const state = unpack(packed);
  return state
    ? { kind: 'state', state }
    : broken('This link cannot be read: its text was changed on its way. Ask for it again.');
}

const broken = (message: string): ReadLink => ({ kind: 'broken', message });

function unpack(packed: string): SharedState | undefined {
  try {
    const bytes = unzlibSync(bytesOf(packed), { out: new Uint8Array(MAX_LENGTH) });
    const state: unknown = JSON.parse(strFromU8(bytes).replace(/\0+$/, ''));
    return isShared(state) ? state : undefined;
  } catch {
    return undefined;
  }
}

/** Everything that is read from a link is doubted: it may come from anybody. */
function isShared(value: unknown): value is SharedState {
  if (typeof value !== 'object' || value === null) return false;
  const { files, requests, request, step } = value as Record<string, unknown>;
  return (
    typeof files === 'object' &&
    files !== null &&
    Object.values(files).every((text) => typeof text === 'string') &&
    Array.isArray(requests) &&
    requests.every(
      (one: unknown) => typeof one === 'object' && one !== null && typeof (one as { to?: unknown }).to === 'string',
    ) &&
    Number.isInteger(request) &&
    Number.isInteger(step)
  );
}

function base64Url(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function bytesOf(text: string): Uint8Array {
  const plain = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}
