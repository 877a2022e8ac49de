import type { RE2JS } from 're2js';
import { libraryOf } from '../linked_library.ts';

/** A pattern that RE2 does not take: what is wrong with which part of it. */
export class BadRegex extends Error {
  readonly fault: string;
  readonly part: string;

  constructor(message: string, fault: string, part: string) {
    super(message);
    this.fault = fault;
    this.part = part;
  }
}

/** A regular expression of RE2: neither look-around nor back-references, and time in proportion to the text. Throws {@link BadRegex}. */
export function compileRe2(pattern: string): RE2JS {
  const { RE2JS, RE2JSSyntaxException } = libraryOf('re2');
  try {
    return RE2JS.compile(pattern);
  } catch (error) {
    if (!(error instanceof RE2JSSyntaxException)) throw error;
    throw new BadRegex(error.message, error.getDescription(), error.getPattern() ?? pattern);
  }
}

/** What is wrong with a pattern; undefined where nothing is. */
export function regexFault(pattern: string): BadRegex | undefined {
  try {
    compileRe2(pattern);
    return undefined;
  } catch (error) {
    if (error instanceof BadRegex) return error;
    throw error;
  }
}

/** The pattern of exactly this text. */
export const quoteRe2 = (text: string): string => libraryOf('re2').RE2JS.quote(text);
