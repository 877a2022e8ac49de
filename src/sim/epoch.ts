/** The wall clock of every run at virtual time 0 (2026-09-21 13:46:40 UTC): what expires by date needs one, and runs must be equal. */
export const SIMULATION_EPOCH_MS = 1_790_000_000_000;
