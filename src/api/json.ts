export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/** Milliseconds of a Duration in proto JSON: `0.250s` is 250. Undefined for what is none. */
export function durationMs(text: string | undefined): number | undefined {
  const seconds = /^(-?\d+(?:\.\d{1,9})?)s$/.exec(text ?? '')?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
