/** Envoy's own API as data: descriptors decide what a configuration may say. */
export { openApi } from './api.ts';
export { ENVOY_VERSION } from './messages.ts';
export type { Message, Messages } from './messages.ts';
export type { Api, ReadConfig, ReadOptions } from './api.ts';
export type { Fidelity, NamedFile, Visit } from './reader.ts';
export type { FieldSchema, Schema, TypeUrlAt } from './schema.ts';
export type { Json, JsonObject } from './json.ts';
export { durationMs } from './json.ts';
