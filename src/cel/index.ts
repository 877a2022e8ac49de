import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { CelScalar, celEnv, isCelError, parse, plan, type CelInput } from '@bufbuild/cel';
import { json, print } from './print.ts';
import { messageOf } from './time.ts';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import { CelTime, type CelLibrary, type CelProgram } from '#envoy';

/** The Common Expression Language by its conforming implementation. */
export const cel: CelLibrary = {
  compileText: (text, roots) => planned(parse(text), roots),
  compileTree: (tree, roots) => planned(fromJson(ExprSchema, tree as JsonValue, { ignoreUnknownFields: true }), roots),
  print,
  json,
};

/** Times stand right below the roots. */
function withTimes(bindings: Readonly<Record<string, unknown>>): Record<string, CelInput> {
  const out: Record<string, CelInput> = {};
  for (const [root, value] of Object.entries(bindings)) {
    const fields = Object.entries(value as object);
    out[root] = (
      fields.some(([, one]) => one instanceof CelTime)
        ? Object.fromEntries(fields.map(([key, one]) => [key, one instanceof CelTime ? messageOf(one) : one]))
        : value
    ) as CelInput;
  }
  return out;
}

function planned(expression: Parameters<typeof plan>[1], roots: readonly string[]): CelProgram {
  const env = celEnv({ variables: Object.fromEntries(roots.map((root) => [root, CelScalar.DYN])) });
  const run = plan(env, expression) as (bindings: Record<string, CelInput>) => unknown;
  return (bindings) => {
    const value = run(withTimes(bindings));
    return isCelError(value) ? undefined : value;
  };
}
