import { SIMULATION_EPOCH_MS } from '#sim';

const DAY_MS = 86_400_000;
const two = (number: number): string => String(number).padStart(2, '0');

/** A moment of the run as a protobuf Timestamp in JSON: `2026-09-21T13:46:40.050Z`. */
export function timestampOf(nowMs: number): string {
  const ms = SIMULATION_EPOCH_MS + Math.floor(nowMs);
  const [days, rest] = [Math.floor(ms / DAY_MS), ms % DAY_MS];
  const [hours, minutes, seconds] = [
    Math.floor(rest / 3_600_000),
    Math.floor(rest / 60_000) % 60,
    Math.floor(rest / 1000) % 60,
  ];
  return `${dateOf(days)}T${two(hours)}:${two(minutes)}:${two(seconds)}.${String(rest % 1000).padStart(3, '0')}Z`;
}

/** Days since 1970 as a date of the Gregorian calendar: Howard Hinnant's civil_from_days. */
function dateOf(days: number): string {
  const shifted = days + 719_468;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayOfYear + 2) / 153);
  const day = dayOfYear - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  const month = monthFromMarch < 10 ? monthFromMarch + 3 : monthFromMarch - 9;
  return `${yearOfEra + era * 400 + (month <= 2 ? 1 : 0)}-${two(month)}-${two(day)}`;
}
