import type { ConfigNode } from '../config_node.ts';

/** How HTTP/1 spells the name of a header; undefined where it stays in lower case. */
export type HeaderKeyFormat = ((name: string) => string) | undefined;

/** A letter after anything that is none is a capital: http1/header_formatter.cc. */
const properCase = (name: string): string =>
  name.replace(/(^|[^a-zA-Z0-9])([a-z])/g, (_, before: string, letter: string) => before + letter.toUpperCase());

/**
 * `Http1ProtocolOptions.header_key_format`. Simplified: the spelling that a client used (`preserve_case`) is forgotten on
 * the way, and names stay in lower case.
 */
export const compileHeaderKeyFormat = (options: ConfigNode | undefined): HeaderKeyFormat =>
  options?.child('header_key_format')?.has('proper_case_words') === true ? properCase : undefined;
