import type { ConfigNode } from '../config_node.ts';
import type { Random } from '#sim';
import { uuid } from '../tracing/random_hex.ts';
import type { HeaderMap } from './header_map.ts';

/** Why a request is traced, or that it is not. */
export type TraceReason = 'not_traceable' | 'sampling' | 'service_forced' | 'client_forced';

const UUID_LENGTH = 36;
const TRACE_BYTE = 14;
const OF_BYTE: Readonly<Record<string, TraceReason>> = { '9': 'sampling', a: 'service_forced', b: 'client_forced' };
const BYTE_OF: Readonly<Record<TraceReason, string>> = {
  not_traceable: '4',
  sampling: '9',
  service_forced: 'a',
  client_forced: 'b',
};
/** `x-request-id`, which carries the decision to trace from proxy to proxy: extensions/request_id/uuid/config.cc. */
export class UuidRequestId {
  readonly #random: Random;
  readonly #packsReason: boolean;
  /** Whether the id decides by its digits, so that all proxies on the way sample alike. */
  readonly decidesSampling: boolean;

  constructor(config: ConfigNode | undefined, random: Random) {
    this.#random = random;
    this.#packsReason = config?.raw('pack_trace_reason') !== false;
    this.decidesSampling = config?.raw('use_request_id_for_trace_sampling') !== false;
  }

  /** Makes an id where there is none, and in place of one that an external client brought, unless that is to be kept. */
  set(headers: HeaderMap, isEdge: boolean, keepsExternal: boolean): void {
    const isMissing = !headers.has('x-request-id');
    if (isMissing || (isEdge && !keepsExternal)) headers.set('x-request-id', this.makeUp());
    else if (isEdge) this.setReason(headers, 'not_traceable');
  }

  /** The first eight hexadecimal digits as a number; undefined where the id has none. */
  integerOf(headers: HeaderMap): number | undefined {
    const id = headers.get('x-request-id');
    return id !== undefined && /^[0-9a-f]{8}/i.test(id) ? parseInt(id.slice(0, 8), 16) : undefined;
  }

  reasonOf(headers: HeaderMap): TraceReason {
    const id = headers.get('x-request-id') ?? '';
    return (this.#packsReason && id.length === UUID_LENGTH ? OF_BYTE[id[TRACE_BYTE]!] : undefined) ?? 'not_traceable';
  }

  setReason(headers: HeaderMap, reason: TraceReason): void {
    const id = headers.get('x-request-id') ?? '';
    if (!this.#packsReason || id.length !== UUID_LENGTH || id[TRACE_BYTE] === BYTE_OF[reason]) return;
    headers.set('x-request-id', id.slice(0, TRACE_BYTE) + BYTE_OF[reason] + id.slice(TRACE_BYTE + 1));
  }

  /** A UUID of version 4. */
  makeUp(): string {
    return uuid(this.#random);
  }
}
