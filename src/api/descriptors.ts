import {
  getOption,
  hasOption,
  type DescExtension,
  type DescField,
  type DescMessage,
  type FileRegistry,
} from '@bufbuild/protobuf';

/** A message's fields by both spellings, with their rules. */
export interface MessageFacts {
  readonly fields: ReadonlyMap<string, DescField>;
  readonly rules: ReadonlyMap<DescField, Rules>;
  /** Fields that Envoy warns of, and those that it refuses unless runtime allows them. */
  readonly deprecated: ReadonlyMap<DescField, 'warning' | 'error'>;
  readonly requiredOneofs: readonly { name: string; members: string[] }[];
}

/** `validate.FieldRules` as protobuf-es decodes it. */
export interface Rules {
  readonly message?: { readonly required?: boolean };
  readonly type: { readonly case: string | undefined; readonly value?: Readonly<Record<string, unknown>> };
}

/** The descriptors, with what the reader needs of each message worked out on first use. */
export class Descriptors {
  readonly registry: FileRegistry;
  readonly #facts = new Map<string, MessageFacts>();
  readonly #rules: DescExtension;
  readonly #required: DescExtension;
  readonly #disallowed: DescExtension | undefined;

  constructor(registry: FileRegistry) {
    this.registry = registry;
    this.#rules = registry.getExtension('validate.rules')!;
    this.#disallowed = registry.getExtension('envoy.annotations.disallowed_by_default');
    this.#required = registry.getExtension('validate.required')!;
  }

  #isDisallowed(field: DescField): boolean {
    return (
      this.#disallowed !== undefined &&
      hasOption(field, this.#disallowed) &&
      getOption(field, this.#disallowed) === true
    );
  }

  factsOf(message: DescMessage): MessageFacts {
    let facts = this.#facts.get(message.typeName);
    if (!facts) this.#facts.set(message.typeName, (facts = this.#derive(message)));
    return facts;
  }

  #derive(message: DescMessage): MessageFacts {
    const fields = new Map<string, DescField>();
    const rules = new Map<DescField, Rules>();
    for (const field of message.fields) {
      fields.set(field.name, field);
      fields.set(field.jsonName, field);
      if (hasOption(field, this.#rules)) rules.set(field, ownRules(getOption(field, this.#rules) as unknown as Rules));
    }
    const required = message.oneofs.filter(
      (oneof) => hasOption(oneof, this.#required) && getOption(oneof, this.#required) === true,
    );
    const deprecated = new Map(
      message.fields.flatMap((field) =>
        field.proto.options?.deprecated
          ? [[field, this.#isDisallowed(field) ? ('error' as const) : ('warning' as const)] as const]
          : [],
      ),
    );
    return {
      fields,
      rules,
      deprecated,
      requiredOneofs: required.map((oneof) => ({ name: oneof.name, members: oneof.fields.map((field) => field.name) })),
    };
  }
}

/** Only the limits that are set: proto2 messages answer for unset fields with their defaults. */
function ownRules({ message, type }: Rules): Rules {
  return { ...(message ? { message } : {}), type: { case: type.case, value: { ...type.value } } };
}
