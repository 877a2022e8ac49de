import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import {
  CelScalar,
  celEnv,
  celFunc,
  isCelError,
  listType,
  parse,
  plan,
  type CelFunc,
  type CelInput,
} from '@bufbuild/cel';
import { strings } from '@bufbuild/cel/ext';
import { ExprSchema } from '@bufbuild/cel-spec/cel/expr/syntax_pb.js';
import type { CelAbilities, CelLibrary, CelProgram } from '#envoy';

const { BOOL, BYTES, DOUBLE, DYN, INT, STRING, UINT } = CelScalar;

const refuse = (): never => {
  throw new Error('switched off');
};

/** What Envoy leaves out of the language unless it is asked for: filters/common/expr/evaluator.cc, createBuilder. */
const NO_CONCATENATION: readonly CelFunc[] = [STRING, BYTES, listType(DYN)].map((type) =>
  celFunc('_+_', [type, type], type, refuse),
);
const NO_CONVERSION: readonly CelFunc[] = [STRING, BOOL, INT, UINT, DOUBLE, BYTES].map((type) =>
  celFunc('string', [type], STRING, refuse),
);

const functionsOf = ({ concatenates, converts, hasStringFunctions }: CelAbilities): CelFunc[] => [
  ...(concatenates === true ? [] : NO_CONCATENATION),
  ...(converts === true ? [] : NO_CONVERSION),
  ...(hasStringFunctions === true ? strings : []),
];

/** The Common Expression Language by its conforming implementation. */
export const cel: CelLibrary = {
  compileText: (text, roots, abilities) => planned(parse(text), roots, abilities),
  compileTree: (tree, roots, abilities) =>
    planned(fromJson(ExprSchema, tree as JsonValue, { ignoreUnknownFields: true }), roots, abilities),
};

function planned(
  expression: Parameters<typeof plan>[1],
  roots: readonly string[],
  abilities: CelAbilities = {},
): CelProgram {
  const variables = Object.fromEntries(roots.map((root) => [root, DYN]));
  const env = celEnv({ variables, funcs: functionsOf(abilities) });
  const run = plan(env, expression) as (bindings: Record<string, CelInput>) => unknown;
  return (bindings) => {
    const value = run(bindings as Record<string, CelInput>);
    return isCelError(value) ? undefined : value;
  };
}
