import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { CelScalar, celEnv, isCelError, parse, plan, type CelInput } from '@bufbuild/cel';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import type { CelLibrary, CelProgram } from '#envoy';

/** The Common Expression Language by its conforming implementation. */
export const cel: CelLibrary = {
  compileText: (text, roots) => planned(parse(text), roots),
  compileTree: (tree, roots) => planned(fromJson(ExprSchema, tree as JsonValue, { ignoreUnknownFields: true }), roots),
};

function planned(expression: Parameters<typeof plan>[1], roots: readonly string[]): CelProgram {
  const env = celEnv({ variables: Object.fromEntries(roots.map((root) => [root, CelScalar.DYN])) });
  const run = plan(env, expression) as (bindings: Record<string, CelInput>) => unknown;
  return (bindings) => {
    const value = run(bindings as Record<string, CelInput>);
    return isCelError(value) ? undefined : value;
  };
}
