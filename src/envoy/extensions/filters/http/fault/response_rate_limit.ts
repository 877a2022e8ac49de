const SLICE_MS = 50;
const SLICES_PER_SECOND = 1000 / SLICE_MS;
const KIB = 1024;

/**
 * How long a body takes at a limit of KiB a second: a slice at once, and one more each 50 ms
 * (extensions/filters/http/common/stream_rate_limiter.cc).
 */
export function slowedMs(bytes: number, kbps: number): number {
  const slice = Math.max(1, Math.floor((kbps * KIB) / SLICES_PER_SECOND));
  return Math.max(0, Math.ceil(bytes / slice) - 1) * SLICE_MS;
}
