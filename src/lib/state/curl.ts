import { parse } from 'shell-quote';
import { EMPTY_DRAFT, type RequestDraft } from './request_draft.ts';

/** What a curl line asks for, and what of it has no meaning here. */
export interface CurlLine {
  readonly draft: RequestDraft;
  readonly ignored: readonly string[];
}

/** Options with a value, by their short and long names, and what they are taken for. */
const WITH_VALUE: Readonly<Record<string, string>> = {
  '-X': 'method',
  '--request': 'method',
  '-H': 'header',
  '--header': 'header',
  '-d': 'body',
  '--data': 'body',
  '--data-raw': 'body',
  '--data-binary': 'body',
  '--data-ascii': 'body',
  '--json': 'json',
  '--url': 'url',
  '-A': 'agent',
  '--user-agent': 'agent',
  '-b': 'cookie',
  '--cookie': 'cookie',
  '-u': 'user',
  '--user': 'user',
  '-e': 'referer',
  '--referer': 'referer',
  '--connect-to': 'ignored',
  '--resolve': 'ignored',
  '-o': 'ignored',
  '--output': 'ignored',
  '-w': 'ignored',
  '--write-out': 'ignored',
  '-m': 'ignored',
  '--max-time': 'ignored',
  '--connect-timeout': 'ignored',
  '--cacert': 'ignored',
  '--cert': 'ignored',
  '--key': 'ignored',
  '-x': 'ignored',
  '--proxy': 'ignored',
};
const HTTP2 = new Set(['--http2', '--http2-prior-knowledge']);
const HEAD = new Set(['-I', '--head']);
const PLAIN = new Set([
  '-s',
  '-S',
  '-i',
  '-v',
  '-k',
  '-f',
  '-L',
  '-g',
  '-N',
  '-4',
  '-6',
  '--http1.1',
  '--silent',
  '--show-error',
  '--include',
  '--verbose',
  '--insecure',
  '--compressed',
]);

/** Whether a text looks like a curl command line at all. */
export const isCurl = (text: string): boolean => /^\s*(\$\s*)?curl(\.exe)?\s/.test(text);

/** Reads a curl command line as a shell would; undefined where it names no URL. */
export function readCurl(text: string): CurlLine | undefined {
  const line = text
    .trim()
    .replace(/^\$\s*/, '')
    .replaceAll(/\\\r?\n/g, ' ');
  const words = parse(line, (name) => `$${name}`)
    .map((word) => (typeof word === 'string' ? word : 'pattern' in word ? word.pattern : ''))
    .filter((word) => word !== '');
  const given = collect(words.slice(1).flatMap(split));
  const url = given.url[0];
  return url === undefined ? undefined : { draft: draftFrom(given, url), ignored: given.ignored };
}

/** `-sXPOST` is `-s -X POST`; `--header=a` is `--header a`. */
function split(word: string): string[] {
  const long = /^(--[\w.-]+)=(.*)$/s.exec(word);
  if (long) return [long[1]!, long[2]!];
  if (!/^-[A-Za-z]{2,}/.test(word) || /^-[A-Za-z]\b/.test(word)) return [word];
  const letter = `-${word[1]}`;
  const rest = word.slice(2);
  return letter in WITH_VALUE ? [letter, rest] : [letter, ...split(`-${rest}`)];
}

type Given = Record<string, string[]> & Record<'url' | 'ignored' | 'flags' | 'header' | 'body' | 'json', string[]>;

function collect(words: readonly string[]): Given {
  const given: Given = { url: [], ignored: [], flags: [], header: [], body: [], json: [] };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const takes = WITH_VALUE[word];
    if (takes === 'ignored') given.ignored.push(`${word} ${words[++i] ?? ''}`.trim());
    else if (takes !== undefined) (given[takes] ??= []).push(words[++i] ?? '');
    else if (HTTP2.has(word) || HEAD.has(word)) given.flags.push(word);
    else if (word.startsWith('-')) {
      if (!PLAIN.has(word)) given.ignored.push(word);
    } else given.url.push(word);
  }
  return given;
}

function draftFrom(given: Given, address: string): RequestDraft {
  const [, scheme = 'http', authority = '', path = '/'] = /^(?:(\w+):\/\/)?([^/?#]*)([^#]*)/.exec(address)!;
  const headers = headersFrom(given);
  const host = headers.findLast(([name]) => name.toLowerCase() === 'host')?.[1];
  const body = [...given.body, ...given.json].join('&');
  const isTls = scheme === 'https';
  const isHead = given.flags.some((flag) => HEAD.has(flag));
  return {
    ...EMPTY_DRAFT,
    method: given['method']?.at(-1) ?? (isHead ? 'HEAD' : body === '' ? 'GET' : 'POST'),
    authority: host ?? authority,
    path: path.startsWith('/') ? path : `/${path}`,
    headers: headers
      .flatMap(([name, value]) => (name.toLowerCase() === 'host' ? [] : [`${name}: ${value}`]))
      .join('\n'),
    body,
    protocol: given.flags.some((flag) => HTTP2.has(flag)) ? 'http2' : 'http1',
    isTls,
    sni: isTls ? authority.replace(/:\d+$/, '') : '',
  };
}

/** What curl itself would send besides the headers that are written out. */
function headersFrom(given: Given): [string, string][] {
  const pairs = given.header.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return colon < 0 ? [line, ''] : [line.slice(0, colon).trim(), line.slice(colon + 1).trim()];
  });
  const has = (name: string): boolean => pairs.some(([known]) => known.toLowerCase() === name);
  const add = (name: string, value: string | undefined): void => {
    if (value !== undefined && !has(name)) pairs.push([name, value]);
  };
  add('user-agent', given['agent']?.at(-1));
  add('cookie', given['cookie']?.join('; '));
  add('referer', given['referer']?.at(-1));
  const user = given['user']?.at(-1);
  add('authorization', user === undefined ? undefined : `Basic ${btoa(user)}`);
  if (given.json.length > 0) add('accept', 'application/json');
  if (given.json.length > 0) add('content-type', 'application/json');
  else if (given.body.length > 0) add('content-type', 'application/x-www-form-urlencoded');
  return pairs;
}
