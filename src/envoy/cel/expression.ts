import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { CelScalar, celEnv, isCelError, parse, plan, type CelInput, type CelValue } from '@bufbuild/cel';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import type { ConfigNode } from '../config_node.ts';
import { attributesOf, ROOTS, type CelFacts } from './attributes.ts';

/** The value of an expression; undefined where it has none: something that it asks for is not there. */
export type CelExpression = (facts: CelFacts) => CelValue | undefined;

const env = celEnv({ variables: Object.fromEntries(ROOTS.map((root) => [root, CelScalar.DYN])) });

function planned(expression: Parameters<typeof plan>[1]): CelExpression {
  const run = plan(env, expression) as (bindings: Record<string, CelInput>) => unknown;
  return (facts) => {
    const value = run(attributesOf(facts) as Record<string, CelInput>);
    return isCelError(value) ? undefined : (value as CelValue);
  };
}

/** An expression as text; undefined where it can not be read. */
export function compileCelText(text: string): CelExpression | undefined {
  try {
    return planned(parse(text));
  } catch {
    return undefined;
  }
}

/** An expression as a tree: `google.api.expr.v1alpha1.Expr`, which CEL's own message equals. */
export function compileCelTree(node: ConfigNode): CelExpression | undefined {
  try {
    return planned(fromJson(ExprSchema, node.value as JsonValue, { ignoreUnknownFields: true }));
  } catch {
    return undefined;
  }
}
