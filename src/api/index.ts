/** Envoy's own API as data: descriptors decide what a configuration may say. */
export { ENVOY_VERSION, openApi } from './api.ts';
export type { Api, ReadConfig, ReadOptions } from './api.ts';
export type { Json, JsonObject } from './json.ts';
export { durationMs } from './json.ts';
