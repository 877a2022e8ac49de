const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const two = (number: number, filler = '0'): string => String(number).padStart(2, filler);
const DAY_MS = 86_400_000;

/** A moment of the calendar, in UTC. */
interface Moment {
  readonly year: number;
  /** From 1. */
  readonly month: number;
  readonly day: number;
  readonly dayOfYear: number;
  /** Sunday is 0. */
  readonly weekday: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

const isLeap = (year: number): boolean => (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
const daysOfMonth = (year: number, month: number): number =>
  month === 2 ? (isLeap(year) ? 29 : 28) : [4, 6, 9, 11].includes(month) ? 30 : 31;

function momentOf(epochMs: number): Moment {
  const days = Math.floor(epochMs / DAY_MS);
  const seconds = Math.floor((epochMs - days * DAY_MS) / 1000);
  let [year, rest] = [1970, days];
  for (let length = 365; rest >= length; length = isLeap(year) ? 366 : 365) [year, rest] = [year + 1, rest - length];
  const dayOfYear = rest + 1;
  let month = 1;
  for (; rest >= daysOfMonth(year, month); month++) rest -= daysOfMonth(year, month);
  return {
    year,
    month,
    day: rest + 1,
    dayOfYear,
    weekday: (days + 4) % 7,
    hour: Math.floor(seconds / 3600),
    minute: Math.floor(seconds / 60) % 60,
    second: seconds % 60,
  };
}

const isoDate = ({ year, month, day }: Moment): string => `${year}-${two(month)}-${two(day)}`;
const isoTime = ({ hour, minute, second }: Moment): string => `${two(hour)}:${two(minute)}:${two(second)}`;

/** The conversions of strftime. */
const FIELDS: Readonly<Record<string, (moment: Moment) => string>> = {
  Y: ({ year }) => String(year),
  y: ({ year }) => two(year % 100),
  m: ({ month }) => two(month),
  d: ({ day }) => two(day),
  e: ({ day }) => two(day, ' '),
  H: ({ hour }) => two(hour),
  I: ({ hour }) => two(hour % 12 || 12),
  M: ({ minute }) => two(minute),
  p: ({ hour }) => (hour < 12 ? 'AM' : 'PM'),
  j: ({ dayOfYear }) => String(dayOfYear).padStart(3, '0'),
  a: ({ weekday }) => DAYS[weekday]!.slice(0, 3),
  A: ({ weekday }) => DAYS[weekday]!,
  b: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  h: ({ month }) => MONTHS[month - 1]!.slice(0, 3),
  B: ({ month }) => MONTHS[month - 1]!,
  u: ({ weekday }) => String(weekday || 7),
  w: ({ weekday }) => String(weekday),
  F: isoDate,
  T: isoTime,
  R: (moment) => isoTime(moment).slice(0, 5),
  D: ({ year, month, day }) => `${two(month)}/${two(day)}/${two(year % 100)}`,
  C: ({ year }) => two(Math.floor(year / 100)),
  k: ({ hour }) => two(hour, ' '),
  l: ({ hour }) => two(hour % 12 || 12, ' '),
  c: (moment) =>
    `${DAYS[moment.weekday]!.slice(0, 3)} ${MONTHS[moment.month - 1]!.slice(0, 3)} ${two(moment.day, ' ')} ${isoTime(moment)} ${moment.year}`,
  x: (moment) => FIELDS['D']!(moment),
  X: isoTime,
  r: ({ hour, minute, second }) => `${two(hour % 12 || 12)}:${two(minute)}:${two(second)} ${hour < 12 ? 'AM' : 'PM'}`,
  z: () => '+0000',
  Z: () => 'UTC',
  n: () => '\n',
  t: () => '\t',
  '%': () => '%',
};

/** `%3f` for digits behind the second, `%E3S` for both, `%s` for seconds since 1970, and what absl::FormatTime adds. */
const CONVERSION = /%(?:([1-9])f|(E[1-9*])?S|(s|f)|(E\*f|E[1-9]f|E\*?z|E4Y|ET|.))/g;
const TRAILING_ZEROS = /0+$/;

/** Of absl::FormatTime alone. */
function extended(letters: string, moment: Moment, fraction: string): string | undefined {
  if (letters === 'Ez') return '+00:00';
  if (letters === 'E*z') return '+00:00:00';
  if (letters === 'E4Y') return String(moment.year).padStart(4, '0');
  if (letters === 'ET') return 'T';
  if (letters === 'E*f') return fraction.replace(TRAILING_ZEROS, '') || '0';
  return /^E[1-9]f$/.test(letters) ? fraction.slice(0, Number(letters[1])) : undefined;
}

/** A moment in UTC; without a format as ISO 8601 with milliseconds (common/utility.cc, DateFormatter). */
export function wallTime(epochMs: number, format: string): string {
  const moment = momentOf(epochMs);
  const fraction = String(Math.floor(epochMs % 1000))
    .padStart(3, '0')
    .padEnd(9, '0');
  if (format === '') return `${isoDate(moment)}T${isoTime(moment)}.${fraction.slice(0, 3)}Z`;
  return format.replace(CONVERSION, (text: string, digits?: string, long?: string, plain?: string, letter?: string) => {
    if (digits !== undefined) return fraction.slice(0, Number(digits));
    if (plain !== undefined) return plain === 'f' ? fraction : String(Math.floor(epochMs / 1000));
    if (letter !== undefined) return FIELDS[letter]?.(moment) ?? extended(letter, moment, fraction) ?? text;
    if (long === undefined) return two(moment.second);
    const part = long === 'E*' ? fraction.replace(TRAILING_ZEROS, '') : fraction.slice(0, Number(long[1]));
    return two(moment.second) + (part === '' ? '' : `.${part}`);
  });
}
