import type { Api, ReadConfig } from '#api';
import { FIDELITY, MessageChecks } from '#envoy';
import type { Diagnostic } from '#source';

const DISCOVERY_RESPONSE = 'envoy.service.discovery.v3.DiscoveryResponse';

/**
 * Reads a file that a subscription names, as Envoy judges it when it is moved into place: a `DiscoveryResponse`, in which
 * a broken rule costs the whole update and a field that this Envoy does not know costs nothing.
 */
export function readResources(api: Api, text: string, name: string): ReadConfig {
  const checks = new MessageChecks();
  const read = api.read(text, { resource: name, type: DISCOVERY_RESPONSE, fidelity: FIDELITY, visit: checks.visit });
  // Which clusters there are is known to the proxy that takes the routes, and not to their file.
  const checked = read.value ? checks.run({ clusters: undefined }) : [];
  const placed = checked.map((one) => {
    const range = read.rangeOf(one.ref.path);
    return range ? { ...one, range } : one;
  });
  return { ...read, diagnostics: [...read.diagnostics.map(letPass), ...placed] };
}

const letPass = (one: Diagnostic): Diagnostic =>
  one.code === 'unknown_field'
    ? { ...one, severity: 'warning', help: 'Envoy counts it and takes the update without it.' }
    : one;
