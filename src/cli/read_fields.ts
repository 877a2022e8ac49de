import {
  createFileRegistry,
  fromBinary,
  getOption,
  hasOption,
  type DescField,
  type DescMessage,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { Api, Json, JsonObject } from '#api';

/** Counts which fields of which messages are asked for, by handing out configurations that note it. */
export class ReadFields {
  readonly #registry: FileRegistry;
  readonly #counts = new Map<string, Map<string, number>>();
  #weight = 0;

  constructor(descriptorSet: Uint8Array) {
    this.#registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptorSet));
  }

  /** The same API, whose messages are watched. */
  observing(api: Api): Api {
    return {
      ...api,
      read: (text, options) => {
        const read = api.read(text, options);
        const message = this.#registry.getMessage(options.type);
        return read.value && message ? { ...read, value: this.#watched(read.value, message) } : read;
      },
    };
  }

  /** What is asked for while it runs counts with this weight. */
  count(weight: 1 | -1, run: () => void): void {
    this.#weight = weight;
    try {
      run();
    } finally {
      this.#weight = 0;
    }
  }

  /** The fields that were asked for more often than they were taken off again, by message. */
  found(): Map<string, Set<string>> {
    const found = new Map<string, Set<string>>();
    for (const [type, fields] of this.#counts) {
      const names = [...fields].filter(([, count]) => count > 0).map(([name]) => name);
      if (names.length > 0) found.set(type, new Set(names));
    }
    return found;
  }

  /** Every message of Envoy's API with its fields, in order. */
  messages(): { type: string; names: string[] }[] {
    return this.#envoys().map((message) => ({
      type: message.typeName,
      names: message.fields.map((field) => field.name),
    }));
  }

  /** Fields that Envoy itself refuses, since they are deprecated and not allowed by default. */
  refused(): string[] {
    const disallowed = this.#registry.getExtension('envoy.annotations.disallowed_by_default');
    return this.#envoys().flatMap((message) =>
      message.fields
        .filter((field) => disallowed && hasOption(field, disallowed) && getOption(field, disallowed) === true)
        .map((field) => `${message.typeName}.${field.name}`),
    );
  }

  #envoys(): DescMessage[] {
    const messages: DescMessage[] = [];
    for (const type of this.#registry)
      if (type.kind === 'message' && /^envoy\.(config|extensions|type)\./.test(type.typeName)) messages.push(type);
    return messages.sort((a, b) => (a.typeName < b.typeName ? -1 : 1));
  }

  #note(message: DescMessage, field: DescField): void {
    const fields = this.#counts.get(message.typeName) ?? new Map<string, number>();
    this.#counts.set(message.typeName, fields.set(field.name, (fields.get(field.name) ?? 0) + this.#weight));
  }

  #watched(value: JsonObject, message: DescMessage): JsonObject {
    const fields = new Map(message.fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field]]));
    const known = new Map<string, Json>();
    // Who walks over all fields, to look for something or to print them, asks for none of them.
    const walked = new Set<string | symbol>();
    return new Proxy(value, {
      ownKeys: (target) => {
        const keys = Reflect.ownKeys(target);
        for (const key of keys) walked.add(key);
        return keys;
      },
      get: (target, key) => {
        const field = typeof key === 'string' ? fields.get(key) : undefined;
        if (!field) return Reflect.get(target, key) as unknown;
        if (!walked.delete(key)) this.#note(message, field);
        const inner = target[key as string];
        if (inner === undefined || inner === null) return inner;
        if (!known.has(key as string)) known.set(key as string, this.#watchedField(inner, field));
        return known.get(key as string);
      },
    });
  }

  #watchedField(value: Json, field: DescField): Json {
    if (Array.isArray(value)) return value.map((one) => this.#watchedValue(one, field));
    if (field.fieldKind !== 'map') return this.#watchedValue(value, field);
    return Object.fromEntries(
      Object.entries(value as JsonObject).map(([key, one]) => [key, this.#watchedValue(one, field)]),
    );
  }

  #watchedValue(value: Json, { message }: DescField): Json {
    if (!message || typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    if (message.typeName !== 'google.protobuf.Any')
      return message.typeName.startsWith('google.protobuf.') ? value : this.#watched(value, message);
    const url = value['@type'];
    const named = typeof url === 'string' ? this.#registry.getMessage(url.slice(url.lastIndexOf('/') + 1)) : undefined;
    return named ? this.#watched(value, named) : value;
  }
}
