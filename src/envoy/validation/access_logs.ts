import type { Json } from '#api';
import type { ConfigPath, Diagnostic } from '#source';
import type { ConfigNode } from '../config_node.ts';
import { NONE, problem, type Check } from './check.ts';
import { checkFormat } from './formats.ts';

/** The v2 API is gone: config/utility.cc, checkTransportVersion. */
export const checkTransportVersion: Check = (node) =>
  node.text('transport_api_version') === 'V2'
    ? problem('transport_version', node, ['transport_api_version'], 'The v2 API is gone: `V3` is the only version.', {
        envoySays: 'The v2 xDS major version has been removed and is no longer supported.',
      })
    : NONE;

/** OpenTelemetry logs go one way only, and the texts in them are formats. */
export const checkOpenTelemetryLog: Check = (node) => [
  ...checkTransports(node),
  ...checkTexts(node, node.raw('body'), ['body']),
  ...checkTexts(node, node.child('attributes')?.raw('values'), ['attributes', 'values']),
];

const SAID = 'one of: grpc_service, http_service, or common_config.grpc_service';

function checkTransports(node: ConfigNode): Diagnostic[] {
  const places = [node.has('grpc_service'), node.has('http_service'), node.child('common_config')?.has('grpc_service')];
  const count = places.filter((one) => one === true).length;
  if (count === 1) return NONE;
  const message = `The logs need one way to their collector: \`grpc_service\` or \`http_service\`. There ${count === 0 ? 'is none' : `are ${count}`}.`;
  return problem('log_transport', node, [], message, {
    envoySays:
      count === 0
        ? `OpenTelemetry access logger requires ${SAID} to be configured.`
        : `OpenTelemetry access logger can only have one transport configured. Specify exactly ${SAID}.`,
  });
}

function checkTexts(node: ConfigNode, value: Json | undefined, path: ConfigPath): Diagnostic[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => checkTexts(node, one, [...path, i]));
  if (typeof value !== 'object' || value === null) return NONE;
  return Object.entries(value).flatMap(([key, one]) =>
    key === 'stringValue' && typeof one === 'string'
      ? checkFormat(node, [...path, 'string_value'], one)
      : checkTexts(node, one, [...path, key]),
  );
}
