/** The few globals beyond the language that the core may use: they exist alike in Node, browsers and workers. */
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  decode(bytes: Uint8Array): string;
}
