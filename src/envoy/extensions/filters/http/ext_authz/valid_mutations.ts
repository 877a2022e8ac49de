import type { Verdict } from './verdict.ts';

const NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;
const VALUE = /^[\t\x20-\x7e\x80-\uffff]*$/;
const ENCODED = /^(?:[\w.~!$'()*+,;:@/?-]|%[\da-f]{2})*$/i;

const isHeader = (name: string, value: string): boolean => NAME.test(name) && VALUE.test(value);

/** Whether all that an answer sets can stand in a message: ext_authz.cc, `validate_mutations`. What it removes is not looked at. */
export function isValid({ status, ...verdict }: Verdict): boolean {
  if (!verdict.headersToSet.every(([name, value]) => isHeader(name, value))) return false;
  if (status !== 'ok') return true;
  return (
    [...verdict.headersToAppend, ...verdict.headersToAdd].every(([name, value]) => isHeader(name, value)) &&
    verdict.responseHeaders.every(({ name, value }) => isHeader(name, value)) &&
    verdict.queryToSet.every((pair) => pair.every((one) => ENCODED.test(one)))
  );
}
