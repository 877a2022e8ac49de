import type { ListenerFilterFactory } from '../../../../network/listener_filter.ts';

/** The address before a redirection of the kernel. Nothing is redirected here, so it is the address connected to. */
export const originalDstFactory: ListenerFilterFactory = {
  name: 'envoy.filters.listener.original_dst',
  type: 'envoy.extensions.filters.listener.original_dst.v3.OriginalDst',
  fidelity: { level: 'full', notSimulated: [] },
  compile:
    (config, { trace }) =>
    (socket) => {
      trace?.record({
        kind: 'original_destination',
        state: 'info',
        because: config.ref,
        sentence: `The original destination is ${socket.facts.localAddress}.`,
      });
      return 'continue';
    },
};
