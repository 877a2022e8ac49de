/** `%NAME%`, `%NAME(argument)%`, `%NAME(argument):LENGTH%`, as it is written. */
export interface WrittenCommand {
  readonly name: string;
  readonly argument: string;
  readonly length: number | undefined;
}

/** An argument goes as far as the first bracket after which the command can end. */
const COMMAND = /%([A-Z0-9_]+)(?:\((.*?)\))?(?::(\d+))?%/y;
const MAX_LENGTH = 2 ** 64;

/** Text, commands, and percent signs at which no command begins; `%%` is a percent sign. */
export function* parseCommands(format: string): Generator<string | WrittenCommand | { readonly brokenAt: number }> {
  let position = 0;
  for (let mark = format.indexOf('%'); mark >= 0; mark = format.indexOf('%', position)) {
    if (mark > position) yield format.slice(position, mark);
    COMMAND.lastIndex = mark;
    const found = format[mark + 1] === '%' ? undefined : COMMAND.exec(format);
    const [whole = '%%', name, argument = '', length] = found ?? [];
    if (format[mark + 1] === '%') yield '%';
    else if (name === undefined || Number(length ?? 0) >= MAX_LENGTH) return yield { brokenAt: mark };
    else yield { name, argument, length: length === undefined ? undefined : Number(length) };
    position = mark + whole.length;
  }
  if (position < format.length) yield format.slice(position);
}
