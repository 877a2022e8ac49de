import type { Json, JsonObject } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { operatorOf } from '../formatter/command_operators.ts';
import type { FormatterContext } from '../formatter/formatter_context.ts';
import { compileCustomTags, tagValues, type CustomTag } from '../tracing/custom_tags.ts';

/** The fields of `data.accesslog.v3.ResponseFlags`, by the flags of a text log. */
const FLAG_FIELDS: Readonly<Record<string, string>> = {
  LH: 'failedLocalHealthcheck',
  UH: 'noHealthyUpstream',
  UT: 'upstreamRequestTimeout',
  LR: 'localReset',
  UR: 'upstreamRemoteReset',
  UF: 'upstreamConnectionFailure',
  UC: 'upstreamConnectionTermination',
  UO: 'upstreamOverflow',
  NR: 'noRouteFound',
  DI: 'delayInjected',
  FI: 'faultInjected',
  RL: 'rateLimited',
  RLSE: 'rateLimitServiceError',
  DC: 'downstreamConnectionTermination',
  URX: 'upstreamRetryLimitExceeded',
  SI: 'streamIdleTimeout',
  IH: 'invalidEnvoyRequestHeaders',
  DPE: 'downstreamProtocolError',
  UMSDR: 'upstreamMaxStreamDurationReached',
  NFCF: 'noFilterConfigFound',
  DT: 'durationTimeout',
  UPE: 'upstreamProtocolError',
  NC: 'noClusterFound',
  OM: 'overloadManager',
  DF: 'dnsResolutionFailure',
  DR: 'downstreamRemoteReset',
};
/** What is written only where it is something: protobuf leaves out what is empty. */
export function present(fields: Readonly<Record<string, Json | undefined>>): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => !isEmpty(value))) as JsonObject;
}

const isEmpty = (value: Json | undefined): boolean =>
  value === undefined || value === '' || value === 0 || value === '0' || isEmptyObject(value);

const isEmptyObject = (value: Json): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

const valueOf = (name: string, context: FormatterContext): Json | undefined => operatorOf(name)!(context, '');
/** A 64-bit number is text in JSON. */
export const long = (name: string, context: FormatterContext): string => String(valueOf(name, context) ?? 0);

function addressOf(text: Json | undefined): JsonObject | undefined {
  const [, address, port] = /^(.*):(\d+)$/.exec(String(text ?? '')) ?? [];
  return address === undefined ? undefined : { socketAddress: { address, portValue: Number(port) } };
}

function flagsOf(flags: string): JsonObject {
  const known = flags.split(',').flatMap((flag) => FLAG_FIELDS[flag] ?? []);
  const refused: JsonObject = flags.split(',').includes('UAEX')
    ? { unauthorizedDetails: { reason: 'EXTERNAL_SERVICE' } }
    : {};
  return { ...Object.fromEntries(known.map((name) => [name, true])), ...refused };
}

/** What `CommonGrpcAccessLogConfig` asks for beside the fields of every entry. */
export interface CommonLogExtras {
  readonly stateObjects: readonly string[];
  readonly tags: readonly CustomTag[];
}

export const commonExtras = (config: ConfigNode): CommonLogExtras => ({
  stateObjects: config.texts('filter_state_objects_to_log'),
  tags: compileCustomTags(config.list('custom_tags')),
});

/** `data.accesslog.v3.AccessLogCommon`: grpc_access_log_utils.cc, extractCommonAccessLogProperties. */
export function commonProperties(context: FormatterContext, { stateObjects, tags }: CommonLogExtras): JsonObject {
  const { log, facts, dynamicMetadata, clusterName } = context;
  return present({
    downstreamRemoteAddress: addressOf(valueOf('DOWNSTREAM_REMOTE_ADDRESS', context)),
    downstreamLocalAddress: addressOf(valueOf('DOWNSTREAM_LOCAL_ADDRESS', context)),
    upstreamRemoteAddress: addressOf(facts.host?.address),
    // It is that of the endpoint.
    upstreamCluster: facts.host && (clusterName ?? log['cluster']),
    routeName: log['route'],
    responseFlags: flagsOf(String(log['flags'] ?? '')),
    metadata: Object.keys(dynamicMetadata).length > 0 ? { filterMetadata: dynamicMetadata } : undefined,
    filterStateObjects: stateObjectsOf(context, stateObjects),
    customTags: tagValues(tags, context),
    upstreamTransportFailureReason: log['transport_failure'],
    connectionTerminationDetails: log['termination'],
    upstreamRequestAttemptCount: Number(log['attempts'] ?? 0),
    downstreamWireBytesSent: long('DOWNSTREAM_WIRE_BYTES_SENT', context),
    downstreamWireBytesReceived: long('DOWNSTREAM_WIRE_BYTES_RECEIVED', context),
    upstreamWireBytesSent: long('UPSTREAM_WIRE_BYTES_SENT', context),
    upstreamWireBytesReceived: long('UPSTREAM_WIRE_BYTES_RECEIVED', context),
  });
}

function stateObjectsOf({ filterState }: FormatterContext, names: readonly string[]): JsonObject {
  const found = names.filter((name) => filterState.has(name));
  const typed = (value: string): JsonObject => ({ '@type': 'type.googleapis.com/google.protobuf.StringValue', value });
  return Object.fromEntries(found.map((name) => [name, typed(filterState.get(name)!)]));
}
