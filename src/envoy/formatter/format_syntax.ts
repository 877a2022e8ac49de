import { parseCommands, type WrittenCommand } from './command_syntax.ts';
import { coalesced } from './coalesce.ts';
import { syntaxOf } from './known_operators.ts';
import { argumentFault } from './operator_arguments.ts';

/** Why a format is refused when it is compiled: formatter/substitution_formatter.cc, `SubstitutionFormatParser::parse`. */
export interface FormatFault {
  readonly message: string;
  readonly help?: string;
  readonly envoySays: string;
}

const NO_MORE: ReadonlySet<string> = new Set();

/** The first fault of a format; undefined where Envoy takes it. `more` are operators of extensions. */
export function formatFault(format: string, more = NO_MORE): FormatFault | undefined {
  for (const part of parseCommands(format)) {
    if (typeof part === 'string') continue;
    const fault = 'brokenAt' in part ? brokenCommand(format, part.brokenAt) : operatorFault(part, more);
    if (fault) return fault;
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

function operatorFault({ name, argument, length }: WrittenCommand, more: ReadonlySet<string>): FormatFault | undefined {
  const syntax = syntaxOf(name) ?? (more.has(name) ? OF_EXTENSION : undefined);
  if (!syntax)
    return {
      message: `\`%${name}%\` is not a command operator of Envoy.`,
      envoySays: `Not supported field in StreamInfo: ${name}`,
    };
  if (syntax.argument === 'none' && (argument !== '' || length !== undefined))
    return {
      message: `\`%${name}%\` takes neither an argument nor a length.`,
      envoySays: `${name} does not take any parameters or length`,
    };
  if (syntax.argument === 'required' && argument === '')
    return { message: `\`%${name}%\` needs an argument in brackets.`, envoySays: `${name} requires parameters` };
  if (length !== undefined && !syntax.takesLength)
    return { message: `\`%${name}%\` takes no length.`, envoySays: `${name} does not allow length to be specified.` };
  const said = name === 'COALESCE' ? coalesceFault(argument) : argumentFault(name, argument);
  return said === undefined
    ? undefined
    : { message: `\`%${name}(${argument})%\`: this argument is not one that \`${name}\` takes.`, envoySays: said };
}

const OF_EXTENSION = { argument: 'required', takesLength: true } as const;

function coalesceFault(argument: string): string | undefined {
  const read = coalesced(argument);
  if ('fault' in read) return `COALESCE: ${read.fault}`;
  for (const [i, { name, argument: inner }] of read.commands.entries()) {
    const before = `COALESCE: failed to parse operator at index ${i}: `;
    if (!syntaxOf(name)) return `${before}unknown command: '${name}'`;
    const fault = operatorFault({ name, argument: inner, length: read.commands[i]!.length }, new Set());
    if (fault) return before + fault.envoySays;
  }
  return undefined;
}
