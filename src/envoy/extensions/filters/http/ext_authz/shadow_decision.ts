import type { JsonObject } from '#api';
import type { FilterState } from '../../../../stream_info/filter_state.ts';
import type { Verdict } from './verdict.ts';

const RESULTS = { ok: 'OK', denied: 'DENIED', error: 'ERROR' } as const;

/** Keeps what `shadow_mode` would have done: ext_authz.h, ShadowDecisionObject. */
export function keepShadowDecision(
  state: FilterState,
  filterName: string,
  { status, headersToSet }: Verdict,
  code: number,
): void {
  const result = RESULTS[status];
  const headers = status !== 'denied' ? [] : headersToSet.map(([key, value]) => ({ key, value }));
  const message: JsonObject = {
    checkResult: result,
    statusCode: code,
    ...(headers.length > 0 ? { responseHeaders: headers } : {}),
  };
  const text = JSON.stringify({
    check_result: result,
    status_code: code,
    ...(headers.length > 0 ? { response_headers: headers } : {}),
  });
  state.setObject(`${filterName}.shadow`, text, { message });
}
