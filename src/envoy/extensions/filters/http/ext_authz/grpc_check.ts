import type { JsonObject } from '#api';
import { ConfigNode } from '../../../../config_node.ts';
import type { Call, GrpcAnswer, GrpcClient } from '../../../../http/clients.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { verdictOf, type Verdict } from './verdict.ts';

const METHOD = '/envoy.service.auth.v3.Authorization/Check';

/** Asks a server over gRPC: ext_authz_grpc_impl.cc. */
export function checkOverGrpc(
  service: ConfigNode,
  client: GrpcClient,
  request: JsonObject,
  decided: (verdict: Verdict) => void,
): Call {
  return client.unary(service, METHOD, request, (answer) => decided(readVerdict(answer, service)));
}

function readVerdict(answer: GrpcAnswer, service: ConfigNode): Verdict {
  if (!('message' in answer)) return verdictOf('error');
  const message = new ConfigNode(answer.message, service.ref);
  const isDenied = (message.child('status')?.number('code') ?? 0) !== 0;
  const dynamicMetadata = message.child('dynamic_metadata')?.value;
  const error = message.child('error_response');
  if (isDenied && error) return { ...refusalOf('error', error), dynamicMetadata };
  if (isDenied) return { ...refusalOf('denied', message.child('denied_response')), dynamicMetadata };
  const ok = message.child('ok_response') ?? new ConfigNode({}, service.ref);
  // The old place of the metadata has the last word.
  return { ...okOf(ok), dynamicMetadata: ok.child('dynamic_metadata')?.value ?? dynamicMetadata };
}

function okOf(ok: ConfigNode): Verdict {
  const headers = ok.list('headers');
  // Only the old flag `append` counts here: append_action says nothing of request headers.
  const [appended, set] = [headers.filter((one) => one.flag('append')), headers.filter((one) => !one.flag('append'))];
  return verdictOf('ok', {
    headersToSet: set.map(pairOf),
    headersToAppend: appended.map(pairOf),
    headersToRemove: ok.texts('headers_to_remove').map((name) => name.toLowerCase()),
    responseHeaders: ok.list('response_headers_to_add').map(responseHeaderOf),
    queryToSet: ok.list('query_parameters_to_set').map((one) => [one.text('key') ?? '', one.text('value') ?? '']),
    queryToRemove: ok.texts('query_parameters_to_remove'),
  });
}

function refusalOf(status: 'denied' | 'error', denied: ConfigNode | undefined): Verdict {
  return verdictOf(status, {
    // Nothing is appended to a refusal: what is marked so is left out.
    headersToSet: (denied?.list('headers') ?? []).filter((one) => !one.flag('append')).map(pairOf),
    code: statusCodeOf(denied?.child('status')?.raw('code')) ?? (status === 'denied' ? 403 : undefined),
    body: denied?.text('body') ?? '',
  });
}

function pairOf(option: ConfigNode): [string, string] {
  const header = option.child('header');
  return [(header?.text('key') ?? '').toLowerCase(), header?.text('value') ?? ''];
}

function responseHeaderOf(option: ConfigNode): { name: string; value: string; action: string } {
  const [name, value] = pairOf(option);
  const append = option.raw('append');
  const action =
    append === undefined
      ? (option.text('append_action') ?? 'APPEND_IF_EXISTS_OR_ADD')
      : append === true
        ? 'APPEND_IF_EXISTS_OR_ADD'
        : 'OVERWRITE_IF_EXISTS_OR_ADD';
  return { name, value, action };
}
