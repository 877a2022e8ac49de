import type { Json } from '#api';
import { compileCelText, type CelExpression } from '../cel/expression.ts';
import type { Operator } from './formatter_context.ts';

const MAX_KNOWN = 1_000;
/** Each text is compiled when it is met first: configurations have few. */
const known = new Map<string, CelExpression | undefined>();

/** `%CEL(expression)%`: formatter/cel/cel.cc. A value that is not there is left out. */
export const celOperator: Operator = (context, text) => {
  if (!known.has(text)) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, compileCelText(text));
  }
  const value = known.get(text)?.(context);
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? (String(value) as Json)
    : undefined;
};
