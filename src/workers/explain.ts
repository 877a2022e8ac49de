import type { Api, Json, JsonObject } from '#api';
import { playScenario, readBootstrap, type UpstreamSpec } from '#world';
import type { Answer, Question } from './protocol.ts';

/** Plays one request through a bootstrap whose endpoints all answer with their own address, and says why. */
export function explain(api: Api, { id, config, request }: Question): Answer {
  const read = readBootstrap(api, config);
  const outcome = playScenario(
    api,
    { config, upstreams: upstreamsOf(read.value), steps: [{ request }] },
    { seed: 'page', trace: true },
  );
  const result = outcome.steps[0]?.expect;
  const access = result?.access?.[0];
  const steps = outcome.trace.map((record) => {
    const range = record.because && read.rangeOf(record.because.path);
    return range ? { ...record, range } : record;
  });
  return {
    id,
    steps,
    problems: read.diagnostics.map(({ severity, message, help, envoySays, range }) => ({
      severity,
      message,
      ...(help && { help }),
      ...(envoySays && { envoySays }),
      ...(range && { range }),
    })),
    ...(result?.response && { response: result.response }),
    ...(access && { flags: String(access['flags']), details: String(access['details']) }),
    ...(result?.upstream?.[0] && { upstream: result.upstream[0].upstream }),
  };
}

/** Every endpoint of the static clusters, as an upstream that answers 200. */
function upstreamsOf(bootstrap: JsonObject | undefined): UpstreamSpec[] {
  const clusters = (bootstrap?.['staticResources'] as JsonObject | undefined)?.['clusters'] ?? [];
  const addresses = new Set<string>();
  collectAddresses(clusters, addresses);
  return [...addresses].map((address) => ({ name: address, address }));
}

function collectAddresses(value: Json, into: Set<string>): void {
  if (Array.isArray(value)) for (const one of value) collectAddresses(one, into);
  else if (typeof value === 'object' && value !== null) {
    const socket = value['socketAddress'] as JsonObject | undefined;
    if (socket) into.add(`${String(socket['address'])}:${String(socket['portValue'])}`);
    for (const one of Object.values(value)) collectAddresses(one, into);
  }
}
