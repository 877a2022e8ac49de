/** The wall clock of every run at virtual time 0 (2026-09-21 13:46:40 UTC): what expires by date needs one, and runs must be equal. */
export const SIMULATION_EPOCH_MS = 1_790_000_000_000;

/** Whole seconds since 1970 at a moment of virtual time. */
export const wallSeconds = (nowMs: number): number => Math.floor((SIMULATION_EPOCH_MS + nowMs) / 1000);
