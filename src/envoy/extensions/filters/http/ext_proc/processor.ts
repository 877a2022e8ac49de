import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';

/** How a question to the processor ended. */
export type ProcessorAnswer =
  | { readonly kind: 'response'; readonly message: ConfigNode }
  | { readonly kind: 'closed' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'failed'; readonly details: string; readonly isStream: boolean };

export interface Question {
  readonly isTimed: boolean;
  readonly answered: (answer: ProcessorAnswer) => void;
}

/** The other side: a stream of messages, or a request for each. */
export interface Processor {
  /** Nothing can be asked any more. */
  readonly isOver: boolean;
  ask(message: JsonObject, question: Question): void;
  /** Shows a message without waiting for what is said of it. */
  show(message: JsonObject): void;
  /** What was asked has its answer, or none that counts. */
  settle(): void;
  close(): void;
  /** Of one that only looks on: later, for it may still be reading. */
  closeLater(): void;
}
