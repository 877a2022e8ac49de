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
import { CelTime, type CelAbilities, type CelLibrary, type CelProgram } from '#envoy';
import { json, print } from './print.ts';
import { messageOf } from './time.ts';

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

function planned(
  expression: Parameters<typeof plan>[1],
  roots: readonly string[],
  abilities: CelAbilities = {},
): CelProgram {
  const variables = Object.fromEntries(roots.map((root) => [root, DYN]));
  const env = celEnv({ variables, funcs: functionsOf(abilities) });
  const run = plan(env, expression) as (bindings: Record<string, CelInput>) => unknown;
  return (bindings) => {
    const value = run(withTimes(bindings));
    return isCelError(value) ? undefined : value;
  };
}
