import lobject from 'fengari/src/lobject.js';
import { luaS_bless } from 'fengari/src/lstring.js';
import { to_luastring } from 'fengari/src/defs.js';

const DIGITS = 14;

/** As LuaJIT writes a number: `%.14g`, so that a whole number has no point. */
function numberText(value: number): string {
  if (Number.isNaN(value)) return 'nan';
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf';
  if (Number.isInteger(value) && Math.abs(value) < 10 ** DIGITS) return String(value);
  const text = value.toPrecision(DIGITS);
  const [mantissa = '', exponent] = text.split('e');
  const short = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return exponent === undefined ? short : `${short}e${exponent.replace(/^([+-])(\d)$/, '$10$2')}`;
}

/**
 * All numbers are doubles in LuaJIT, while Lua 5.3 tells whole ones (of 32 bits here) from others and writes `2.0`: what
 * is read becomes a double, and is written without the point.
 */
export function useLuaJitNumbers(): void {
  const read = lobject.luaO_str2num;
  lobject.luaO_str2num = (text, value) => {
    const size = read(text, value);
    if (size > 0 && value.ttisinteger()) value.setfltvalue(value.value);
    return size;
  };
  lobject.luaO_tostring = (L, value) => value.setsvalue(luaS_bless(L, to_luastring(numberText(value.value))));
}
