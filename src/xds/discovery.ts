import type { JsonObject } from '#api';
import type { XdsType } from './resource_types.ts';

/** One resource as it travels: the message itself is absent in a heartbeat, which only renews its time to live. */
export interface XdsResource {
  readonly name: string;
  readonly version: string;
  readonly resource: JsonObject | undefined;
  /** How long it holds without being renewed. */
  readonly ttlMs?: number;
}

/** State of the world, from the proxy: what it wants, the version that it runs, and the nonce that it answers. */
export interface DiscoveryRequest {
  readonly mode: 'sotw';
  readonly type: XdsType;
  readonly version: string;
  readonly nonce: string;
  readonly names: readonly string[];
  /** Why the response with this nonce was refused: this makes it a NACK. */
  readonly error?: string;
}

export interface DiscoveryResponse {
  readonly mode: 'sotw';
  readonly type: XdsType;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly XdsResource[];
}

/** Delta, from the proxy: names that it wants from now on and no longer; on a new stream what it has already. */
export interface DeltaRequest {
  readonly mode: 'delta';
  readonly type: XdsType;
  readonly nonce: string;
  readonly subscribe: readonly string[];
  readonly unsubscribe: readonly string[];
  readonly initial: Readonly<Record<string, string>>;
  readonly error?: string;
}

export interface DeltaResponse {
  readonly mode: 'delta';
  readonly type: XdsType;
  readonly version: string;
  readonly nonce: string;
  readonly resources: readonly XdsResource[];
  readonly removed: readonly string[];
}

export type XdsRequest = DiscoveryRequest | DeltaRequest;
export type XdsResponse = DiscoveryResponse | DeltaResponse;

/** One end of a discovery stream. */
export interface AdsStream {
  send(request: XdsRequest): void;
  close(): void;
}

export interface AdsStreamCallbacks {
  onResponse(response: XdsResponse): void;
  /** The stream is over. */
  onClose(): void;
}
