import type { ConfigNode } from '../config_node.ts';
import { expand } from '../formatter/format_text.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { metadata } from '../formatter/metadata_value.ts';

/** A tag of a span or a log entry; undefined where it has no value. */
export interface CustomTag {
  readonly name: string;
  valueOf(context: FormatterContext): string | undefined;
}

type Compile = (node: ConfigNode) => CustomTag['valueOf'];

/** By the field of the oneof. The process has no environment here. */
const KINDS: Readonly<Record<string, Compile>> = {
  literal: (node) => () => node.text('value') ?? '',
  environment: orDefault(() => undefined),
  request_header: (node) => {
    const name = (node.text('name') ?? '').toLowerCase();
    return orDefault(({ request }) => request.get(name))(node);
  },
  metadata: (node) => {
    const kind = ['request', 'route', 'cluster', 'host'].find((one) => node.child('kind')?.has(one));
    const key = node.child('metadata_key');
    const path = [key?.text('key') ?? '', ...(key?.list('path').map((one) => one.text('key') ?? '') ?? [])];
    return orDefault((context) => {
      const value = metadata(METADATA_OF[kind ?? '']?.(context), path);
      return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
    })(node);
  },
};

const METADATA_OF: Readonly<Record<string, (context: FormatterContext) => ReturnType<typeof metadata>>> = {
  request: ({ dynamicMetadata }) => dynamicMetadata,
  route: ({ routeMetadata }) => routeMetadata,
  cluster: ({ clusterMetadata }) => clusterMetadata,
  host: ({ facts }) => facts.hostMetadata,
};

function orDefault(find: CustomTag['valueOf']): Compile {
  return (node) => {
    const otherwise = node.text('default_value') ?? '';
    return (context) => {
      const value = find(context) ?? otherwise;
      return value === '' ? undefined : value;
    };
  };
}

/** `type.tracing.v3.CustomTag`s: tracing/custom_tag_impl.cc. */
export const compileCustomTags = (nodes: readonly ConfigNode[]): CustomTag[] =>
  nodes.map((node) => {
    const name = node.text('tag') ?? '';
    const format = node.text('value');
    if (format !== undefined) return { name, valueOf: (context) => expand(format, context) || undefined };
    const kind = Object.keys(KINDS).find((one) => node.has(one)) ?? 'literal';
    return { name, valueOf: KINDS[kind]!(node.child(kind) ?? node) };
  });

/** Those that have a value, by their names. */
export const tagValues = (tags: readonly CustomTag[], context: FormatterContext): Record<string, string> =>
  Object.fromEntries(
    tags.flatMap(({ name, valueOf }) => {
      const value = valueOf(context);
      return value === undefined ? [] : [[name, value]];
    }),
  );
