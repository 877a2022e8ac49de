import type { ConfigNode } from '../config_node.ts';
import { REGEX_TAGS, TOKEN_TAGS } from './well_known_tags.ts';

export interface Tag {
  readonly name: string;
  readonly value: string;
}

/** A name without what became tags. */
export interface TaggedName {
  readonly name: string;
  readonly tags: readonly Tag[];
}

/** What leaves a name, and the value it becomes; an empty range leaves nothing. */
interface Extraction {
  readonly value: string;
  readonly from: number;
  readonly to: number;
}

interface Extractor {
  readonly name: string;
  /** The first token that a name must have; undefined where any may do. */
  readonly prefix: string | undefined;
  readonly extract: (name: string) => Extraction | undefined;
}

/** Turns parts of a statistic's name into labels: stats/tag_producer_impl.cc. */
export class TagProducer {
  readonly #anywhere: Extractor[] = [];
  readonly #byPrefix = new Map<string, Extractor[]>();

  constructor(config: ConfigNode | undefined) {
    const custom = config?.list('stats_tags') ?? [];
    const overridden = new Set(
      config?.flag('allow_default_tag_overrides') === true ? custom.map((node) => node.text('tag_name')) : [],
    );
    if (config?.raw('use_all_default_tags') !== false)
      this.#add(defaultsNamed(undefined).filter(({ name }) => !overridden.has(name)));
    for (const node of custom) this.#add(customExtractors(node));
  }

  #add(extractors: readonly Extractor[]): void {
    for (const extractor of extractors) {
      if (extractor.prefix === undefined) this.#anywhere.push(extractor);
      else this.#byPrefix.set(extractor.prefix, [...(this.#byPrefix.get(extractor.prefix) ?? []), extractor]);
    }
  }

  /** Tags come in the order of their extractors: first those that fit any name. A tag is given once. */
  produce(name: string): TaggedName {
    const dot = name.indexOf('.');
    const own = dot < 0 ? [] : (this.#byPrefix.get(name.slice(0, dot)) ?? []);
    const tags: Tag[] = [];
    const removed = new Set<number>();
    for (const extractor of [...this.#anywhere, ...own]) {
      if (tags.some((tag) => tag.name === extractor.name)) continue;
      const found = extractor.extract(name);
      if (!found) continue;
      tags.push({ name: extractor.name, value: found.value });
      for (let i = found.from; i < found.to; i++) removed.add(i);
    }
    return { name: [...name].filter((_, i) => !removed.has(i)).join(''), tags };
  }
}

/** Whether Envoy has a tag of its own by this name. */
export const isDefaultTag = (name: string): boolean => defaultsNamed(name).length > 0;

const defaultsNamed = (name: string | undefined): Extractor[] =>
  [...regexExtractors, ...tokenExtractors].filter((one) => name === undefined || one.name === name);

/** `stats_tags`: a fixed value, a regular expression, or one of Envoy's own by its name. */
function customExtractors(node: ConfigNode): Extractor[] {
  const name = node.text('tag_name') ?? '';
  const value = node.text('fixed_value');
  if (value !== undefined) return [{ name, prefix: undefined, extract: () => ({ value, from: 0, to: 0 }) }];
  const regex = node.text('regex') ?? '';
  return regex === '' ? defaultsNamed(name) : [regexExtractor(name, regex)];
}

/** A pattern that begins with `^token\.` is asked only about names whose first token that is. */
const prefixOf = (regex: string): string | undefined => /^\^(\w+)(?:\\\.|\(\?=\\\.\)|\$$)/.exec(regex)?.[1];

function regexExtractor(name: string, regex: string, substring = '', except = ''): Extractor {
  // Simplified: patterns are run as JavaScript's, which agree with RE2 on all that names are matched by.
  const pattern = new RegExp(regex, 'd');
  return {
    name,
    prefix: prefixOf(regex),
    extract: (text) => {
      if (!text.includes(substring)) return undefined;
      const found = pattern.exec(text);
      const [from, to] = found?.indices?.[1] ?? [0, 0];
      if (!found || from === to) return undefined;
      const value = found[2] === undefined || found[2] === '' ? found[1]! : found[2];
      return except !== '' && value === except ? undefined : { value, from, to };
    },
  };
}

function tokenExtractor(name: string, pattern: string): Extractor {
  const wanted = pattern.split('.');
  const first = wanted[0]!;
  return {
    name,
    prefix: first === '$' || first === '*' ? undefined : first,
    extract: (text) => {
      const tokens = text.split('.');
      if (tokens.length < wanted.length) return undefined;
      for (const [i, token] of wanted.entries())
        if (token !== '$' && token !== '*' && token !== '**' && token !== tokens[i]) return undefined;
      const index = wanted.indexOf('$');
      const from = tokens.slice(0, index).reduce((length, token) => length + token.length + 1, 0);
      return { value: tokens[index]!, from, to: from + tokens[index]!.length + 1 };
    },
  };
}

const regexExtractors = REGEX_TAGS.map((tag) => regexExtractor(tag.name, tag.regex, tag.substring, tag.except));
const tokenExtractors = TOKEN_TAGS.map((tag) => tokenExtractor(tag.name, tag.tokens));
