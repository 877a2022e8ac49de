const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
/** `Sun, 06 Nov 1994 08:49:37 GMT`, or with a full weekday `06-Nov-94`. */
const GMT = /^\w+, (\d\d)[ -](\w{3})[ -](\d{2}|\d{4}) (\d\d):(\d\d):(\d\d) GMT$/;
/** `Sun Nov  6 08:49:37 1994`. */
const ASCTIME = /^\w{3} (\w{3}) +(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})$/;

/** A date of HTTP in seconds since 1970; undefined for what is none: RFC 9110, 5.6.7. */
export function secondsOfHttpDate(text: string): number | undefined {
  const [, day, month, year, ...time] = GMT.exec(text) ?? [];
  if (day !== undefined) return secondsOf(fullYear(year!), month!, Number(day), time);
  const [, name, dayOfMonth, hour, minute, second, ofYear] = ASCTIME.exec(text) ?? [];
  if (name === undefined) return undefined;
  return secondsOf(Number(ofYear), name, Number(dayOfMonth), [hour!, minute!, second!]);
}

const fullYear = (year: string): number =>
  year.length === 4 ? Number(year) : Number(year) + (Number(year) < 69 ? 2000 : 1900);

function secondsOf(year: number, monthName: string, day: number, time: readonly string[]): number | undefined {
  const month = MONTHS.indexOf(monthName);
  if (month < 0) return undefined;
  const [hour, minute, second] = time.map(Number) as [number, number, number];
  return daysBefore(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
}

/** Days from 1970 to a day of the Gregorian calendar; the year is taken to begin in March, so that it ends with its leap day. */
function daysBefore(year: number, month: number, day: number): number {
  const y = month < 2 ? year - 1 : year;
  const dayOfYear = Math.floor((153 * ((month + 10) % 12) + 2) / 5) + day - 1;
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468;
}
