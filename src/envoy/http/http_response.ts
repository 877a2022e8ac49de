import type { HeaderMap } from './header_map.ts';

/** An answer as a message, whole. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: HeaderMap;
  readonly body: string;
  readonly trailers?: HeaderMap;
  /** The response broke off after its headers. */
  readonly reset?: boolean;
  /** The names of its headers as an upstream wrote them. */
  readonly spelled?: readonly string[];
}
