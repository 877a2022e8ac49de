import { compileCelText, type CelExpression } from '../cel/expression.ts';
import { libraryOf } from '../linked_library.ts';
import type { FormatterContext, Operator } from './formatter_context.ts';

const MAX_KNOWN = 1_000;
/** Each text is compiled when it is met first: configurations have few. */
const known = new Map<string, CelExpression | undefined>();

function valueOf(context: FormatterContext, text: string): unknown {
  if (!known.has(text)) {
    if (known.size >= MAX_KNOWN) known.clear();
    known.set(text, compileCelText(text));
  }
  return known.get(text)?.(context);
}

/** `%CEL(expression)%`: formatter/cel/cel.cc. A value that is not there is left out. */
export const celOperator: Operator = (context, text) => libraryOf('cel').print(valueOf(context, text));

/** `%TYPED_CEL(expression)%`: a value stays what it is in JSON. */
export const typedCelOperator: Operator = (context, text) => libraryOf('cel').json(valueOf(context, text)) ?? undefined;
