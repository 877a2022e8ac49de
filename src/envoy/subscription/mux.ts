import type { XdsResponse, XdsType } from '#xds';
import type { DecodedResource } from './subscription.ts';

/** What a mux tells a watch. A refusal is told by its reason; the response is then refused as a whole. */
export interface WatchCallbacks {
  onConfigUpdate(resources: readonly DecodedResource[], version: string): string | undefined;
  onDeltaUpdate(added: readonly DecodedResource[], removed: readonly string[], version: string): string | undefined;
  onRejected(): void;
  onConnectionFailure(): void;
}

/** One subscriber's names within a stream. */
export interface Watch {
  update(names: readonly string[]): void;
  remove(): void;
}

/** Several subscriptions over one stream: state of the world or delta. */
export interface Mux {
  start(): void;
  addWatch(type: XdsType, names: readonly string[], callbacks: WatchCallbacks): Watch;
  /** Nothing is sent for these types until the returned function is called. */
  pause(types: readonly XdsType[]): () => void;
}

/** What a stream tells its mux. */
export interface MuxStreamCallbacks {
  onStreamEstablished(): void;
  onStreamFailed(): void;
  onResponse(response: XdsResponse): void;
}
