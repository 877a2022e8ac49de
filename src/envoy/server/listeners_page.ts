import type { ConfigNode } from '../config_node.ts';
import type { ListenerManager } from '../listener/listener_manager.ts';

/** `/listeners`: what is bound, in text or JSON. */
export function listenersPage(listeners: ListenerManager, isJson: boolean): string {
  const all = [...listeners.values()].map((one) => ({ name: one.name, node: one.node }));
  if (!isJson) return all.map(({ name, node }) => `${name}::${addressText(node)}\n`).join('');
  const statuses = all.map(({ name, node }) => {
    const socket = node.child('address')?.child('socket_address');
    const address = { address: socket?.text('address') ?? '', port_value: socket?.number('port_value') ?? 0 };
    return { name, local_address: { socket_address: address } };
  });
  return `${JSON.stringify(statuses.length === 0 ? {} : { listener_statuses: statuses }, null, 1)}\n`;
}

function addressText(node: ConfigNode): string {
  const socket = node.child('address')?.child('socket_address');
  return `${socket?.text('address') ?? ''}:${socket?.number('port_value') ?? 0}`;
}
