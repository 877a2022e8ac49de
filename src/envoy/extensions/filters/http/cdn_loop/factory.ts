import { defineHttpFilter } from '../../../../http/filter.ts';
import { cdnIdsOf } from './cdn_info.ts';

const HEADER = 'cdn-loop';

/** Refuses a request that has been through this CDN too often: extensions/filters/http/cdn_loop/filter.cc. */
export const cdnLoopFilterFactory = defineHttpFilter({
  name: 'envoy.filters.http.cdn_loop',
  type: 'envoy.extensions.filters.http.cdn_loop.v3.CdnLoopConfig',
  fidelity: { level: 'full', notSimulated: [] },
  compile: (node) => {
    const id = node.text('cdn_id') ?? '';
    const max = node.number('max_allowed_occurrences') ?? 0;
    return (callbacks) => ({
      decode: () => {
        const { request, trace } = callbacks;
        const before = request.all(HEADER).join(',');
        const ids = cdnIdsOf(before);
        const times = ids?.filter((one) => one === id).length ?? 0;
        const isRefused = ids === undefined || times > max;
        trace?.record({
          kind: 'cdn_loop',
          state: isRefused ? 'failed' : 'matched',
          because: node.ref,
          sentence: ids
            ? `The request has been through \`${id}\` ${times} times: ${max} are allowed.`
            : 'The header `cdn-loop` cannot be read.',
        });
        if (!isRefused) {
          request.set(HEADER, before === '' ? id : `${before},${id}`);
          return 'continue';
        }
        callbacks.sendLocalReply(
          ids
            ? { status: 502, body: 'The server has detected a loop between CDNs.', details: 'cdn_loop_detected' }
            : { status: 400, body: 'Invalid CDN-Loop header in request.', details: 'invalid_cdn_loop_header' },
        );
        return 'stop_iteration';
      },
    });
  },
});
