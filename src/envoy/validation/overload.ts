import type { Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { refuseIf, type Check } from './check.ts';

const ACTIONS = new Set(
  [
    'stop_accepting_requests',
    'disable_http_keepalive',
    'stop_accepting_connections',
    'reject_incoming_connections',
    'shrink_heap',
    'reduce_timeouts',
    'reset_high_memory_stream',
  ].map((name) => `envoy.overload_actions.${name}`),
);

/** `overload.v3.OverloadManager`: overload_manager_impl.cc. */
export const checkOverloadManager: Check = (node) => {
  const seen = new Set<string>();
  const monitors = node.list('resource_monitors').flatMap((monitor): Diagnostic[] => {
    const name = monitor.text('name') ?? '';
    const isSecond = seen.has(name);
    seen.add(name);
    const says = `Duplicate resource monitor ${name}`;
    return refuseIf(isSecond, monitor, ['name'], `Two resource monitors are called \`${name}\`.`, says);
  });
  const once = new Set<string>();
  const actions = node.list('actions').flatMap((action) => {
    const name = action.text('name') ?? '';
    return [
      ...refuseIf(
        !ACTIONS.has(name),
        action,
        ['name'],
        `Envoy has no overload action \`${name}\`.`,
        `Unknown Overload Manager Action ${name}`,
      ),
      ...checkAction(action, name, once),
      ...action.list('triggers').flatMap((trigger) => {
        const scaled = trigger.child('scaled');
        const [from, to] = [scaled?.number('scaling_threshold') ?? 0, scaled?.number('saturation_threshold') ?? 0];
        return refuseIf(
          scaled !== undefined && from >= to,
          trigger,
          ['scaled'],
          `It scales from \`scaling_threshold\` ${from} up to \`saturation_threshold\` ${to}: there is nothing between.`,
          'scaling_threshold must be less than saturation_threshold',
        );
      }),
    ];
  });
  return [...monitors, ...actions];
};

const REDUCES = 'envoy.overload_actions.reduce_timeouts';
const CONFIGURED = new Set([REDUCES, 'envoy.overload_actions.reset_high_memory_stream']);

/** An action is there once, its triggers are of different monitors, and it has the configuration that it needs. */
function checkAction(action: ConfigNode, name: string, once: Set<string>): Diagnostic[] {
  const triggers = action.list('triggers').map((one) => one.text('name') ?? '');
  const isSecond = once.has(name);
  once.add(name);
  return [
    ...refuseIf(
      isSecond,
      action,
      ['name'],
      `The overload action \`${name}\` is configured twice.`,
      `Duplicate overload action ${name}`,
    ),
    ...refuseIf(
      new Set(triggers).size < triggers.length,
      action,
      ['triggers'],
      'Two of the `triggers` are of one resource monitor.',
      `Duplicate trigger resource for overload action ${name}`,
    ),
    ...refuseIf(
      name === REDUCES && !action.has('typed_config'),
      action,
      [],
      `\`${name}\` needs a \`typed_config\` that says which timeouts.`,
      `Overload action "${name}" requires typed_config`,
    ),
    ...refuseIf(
      action.has('typed_config') && !CONFIGURED.has(name),
      action,
      ['typed_config'],
      `\`${name}\` takes no \`typed_config\`.`,
      `Overload action "${name}" conflicts with its typed config`,
    ),
  ];
}

/** `resource_monitors.fixed_heap`. */
export const checkFixedHeap: Check = (node) =>
  refuseIf(
    (node.number('max_heap_size_bytes') ?? 0) === 0,
    node,
    ['max_heap_size_bytes'],
    '`max_heap_size_bytes` has to be more than 0.',
    'fixed_heap: max heap size must be greater than 0',
  );
