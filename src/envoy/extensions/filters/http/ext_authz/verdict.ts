import type { JsonObject } from '#api';

type Pairs = readonly (readonly [string, string])[];

/** What an authorization server decided, over HTTP or gRPC: filters/common/ext_authz/ext_authz.h, Response. */
export interface Verdict {
  readonly status: 'ok' | 'denied' | 'error';
  readonly headersToSet: Pairs;
  /** Joined to a header that the request has already. */
  readonly headersToAppend: Pairs;
  /** A line of its own beside those that the request has: what an HTTP server appends (ext_authz_http_impl.cc). */
  readonly headersToAdd: Pairs;
  readonly headersToRemove: readonly string[];
  readonly responseHeaders: readonly { readonly name: string; readonly value: string; readonly action: string }[];
  readonly queryToSet: Pairs;
  readonly queryToRemove: readonly string[];
  readonly dynamicMetadata: JsonObject | undefined;
  /** Of a refusal, or of an error that the server tells of. */
  readonly code: number | undefined;
  readonly body: string;
}

const NOTHING = {
  headersToSet: [],
  headersToAppend: [],
  headersToAdd: [],
  headersToRemove: [],
  responseHeaders: [],
  queryToSet: [],
  queryToRemove: [],
  dynamicMetadata: undefined,
  code: undefined,
  body: '',
} as const;

export const verdictOf = (status: Verdict['status'], more: Partial<Verdict> = {}): Verdict => ({
  ...NOTHING,
  status,
  ...more,
});
