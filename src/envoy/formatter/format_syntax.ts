import { syntaxOf } from './known_operators.ts';

/** Why a format is refused when it is compiled: formatter/substitution_formatter.cc, `SubstitutionFormatParser::parse`. */
export interface FormatFault {
  readonly message: string;
  readonly help?: string;
  readonly envoySays: string;
}

/** `%NAME%`, `%NAME(arguments)%`, `%NAME(arguments):LENGTH%`; `%%` is a percent sign. */
const COMMAND = /^%([A-Z][A-Z0-9_]*)(?:\(([^)]*(?:\)[^):%]*)*)\))?(?::(\d+))?%/;

/** The first fault of a format; undefined where Envoy takes it. */
export function formatFault(format: string): FormatFault | undefined {
  for (let position = format.indexOf('%'); position >= 0; position = format.indexOf('%', position)) {
    if (format[position + 1] === '%') {
      position += 2;
      continue;
    }
    const command = COMMAND.exec(format.slice(position));
    if (!command) return brokenCommand(format, position);
    const fault = operatorFault(command[1]!, command[2], command[3]);
    if (fault) return fault;
    position += command[0].length;
  }
  return undefined;
}

function brokenCommand(format: string, position: number): FormatFault {
  return {
    message: `No command operator begins at the percent sign of \`${format.slice(position, position + 30)}\`.`,
    help: 'Operators are written `%NAME%`, `%NAME(…)%` or `%NAME(…):LENGTH%`, in capitals; a percent sign itself is `%%`.',
    envoySays: `Incorrect configuration: ${format}. Couldn't find valid command at position ${position}`,
  };
}

function operatorFault(
  name: string,
  argument: string | undefined,
  length: string | undefined,
): FormatFault | undefined {
  const syntax = syntaxOf(name);
  if (!syntax)
    return {
      message: `\`%${name}%\` is not a command operator of Envoy.`,
      envoySays: `Not supported field in StreamInfo: ${name}`,
    };
  const hasArgument = argument !== undefined && argument !== '';
  if (syntax.argument === 'none' && (hasArgument || length !== undefined))
    return {
      message: `\`%${name}%\` takes neither an argument nor a length.`,
      envoySays: `${name} does not take any parameters or length`,
    };
  if (syntax.argument === 'required' && !hasArgument)
    return { message: `\`%${name}%\` needs an argument in brackets.`, envoySays: `${name} requires parameters` };
  if (length !== undefined && !syntax.takesLength)
    return { message: `\`%${name}%\` takes no length.`, envoySays: `${name} does not allow length to be specified.` };
  return undefined;
}
