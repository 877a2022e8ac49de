/** Characters of one text; a longer one is refused before it is parsed. */
export const MAX_TEXT_LENGTH = 20_000_000;
/** Problems told of one text; the rest is counted in the last one. */
export const MAX_DIAGNOSTICS = 1_000;
/** Values that aliases may stand for in one text: anchors that expand without end stop here. */
export const MAX_ALIAS_EXPANSIONS = 2_000_000;
/** Messages inside messages. */
export const MAX_DEPTH = 200;
