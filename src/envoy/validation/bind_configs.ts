import type { ConfigPath, Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { checkIpAddress } from './addresses.ts';
import { NONE, problem } from './check.ts';

const FIELD = 'upstream_bind_config';

/** `core.v3.BindConfig` of a cluster or of all: upstream_impl.cc and default_local_address_selector_factory.cc. */
export function checkUpstreamBind(node: ConfigNode, whose: string): Diagnostic[] {
  const bind = node.child(FIELD);
  if (!bind) return NONE;
  const refuse = (path: ConfigPath, message: string, envoySays: string): Diagnostic[] =>
    problem(FIELD, bind, path, message, { envoySays });
  const [extra, additional] = [bind.list('extra_source_addresses'), bind.list('additional_source_addresses')];
  if (extra.length > 0 && additional.length > 0)
    return refuse(
      ['additional_source_addresses'],
      '`additional_source_addresses` is the old name of `extra_source_addresses`: only one of them may stand here.',
      `Can't specify both \`extra_source_addresses\` and \`additional_source_addresses\` in the ${whose}'s upstream binding config`,
    );
  if (!bind.has('source_address') && extra.length + additional.length === 0) return NONE;
  const field = extra.length > 0 ? 'extra_source_addresses' : 'additional_source_addresses';
  const more = [...extra.flatMap((one) => one.child('address') ?? []), ...additional];
  if (more.length > 0 && !bind.has('source_address'))
    return refuse(
      [field],
      `\`${field}\` only adds to \`source_address\`, which is missing.`,
      `${whose}'s upstream binding config has extra/additional source addresses but no source_address. Extra/additional addresses cannot be specified if source_address is not set.`,
    );
  if (more.length > 1)
    return refuse(
      [field, 1],
      'There may be one more source address, of the other IP version.',
      `${whose}'s upstream binding config has more than one extra/additional source addresses. Only one extra/additional source can be supported in BindConfig's extra_source_addresses/additional_source_addresses field`,
    );
  const sockets = [bind.child('source_address')!, ...more];
  return [
    ...checkVersions(bind, more[0], field, whose),
    ...sockets.flatMap((one) => checkIpAddress(one, [], 'A connection starts from an address of this machine.')),
  ];
}

function checkVersions(bind: ConfigNode, other: ConfigNode | undefined, field: string, whose: string): Diagnostic[] {
  const isV6 = (socket: ConfigNode | undefined): boolean => socket?.text('address')?.includes(':') === true;
  if (!other || isV6(other) !== isV6(bind.child('source_address'))) return NONE;
  return problem(
    FIELD,
    bind,
    [field, 0],
    'Both source addresses are of one IP version: the second would never serve.',
    {
      envoySays: `${whose}'s upstream binding config has two same IP version source addresses. Only two different IP version source addresses can be supported in BindConfig's source_address and extra_source_addresses/additional_source_addresses fields`,
    },
  );
}
