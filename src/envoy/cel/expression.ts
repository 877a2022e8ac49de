import type { JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { libraryOf, type CelAbilities, type CelLibrary, type CelProgram } from '../linked_library.ts';
import { attributesOf, ROOTS, type CelFacts } from './attributes.ts';

/** The value of an expression; undefined where it has none: something that it asks for is not there. */
export type CelExpression = (facts: CelFacts) => unknown;

/** An expression as text; undefined where it can not be read. */
export const compileCelText = (text: string): CelExpression | undefined =>
  compiled((cel) => cel.compileText(text, ROOTS));

/** An expression as a tree: `google.api.expr.v1alpha1.Expr`, which CEL's own message equals. */
export const compileCelTree = (node: ConfigNode, config?: ConfigNode): CelExpression | undefined =>
  compiled((cel) => cel.compileTree(node.value as JsonObject, ROOTS, abilitiesOf(config)));

/** `core.v3.CelExpressionConfig`. */
const abilitiesOf = (config: ConfigNode | undefined): CelAbilities => ({
  concatenates: config?.flag('enable_string_concat') === true,
  converts: config?.flag('enable_string_conversion') === true,
  hasStringFunctions: config?.flag('enable_string_functions') === true,
});

function compiled(compile: (cel: CelLibrary) => CelProgram): CelExpression | undefined {
  const cel = libraryOf('cel');
  try {
    const program = compile(cel);
    return (facts) => program(attributesOf(facts));
  } catch {
    return undefined;
  }
}
