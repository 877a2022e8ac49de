import type { Api } from '#api';
import { explainDetails, explainFlags } from '#envoy';
import { judge } from '#lab/judge';
import { playRequests, type PlayedRequests, type RequestSpec } from '#world';
import type { Outcome, PlayAnswer, PlayQuestion, Step } from './protocol.ts';
import { Sources } from './sources.ts';
import { stageOf } from './stages.ts';

type Played = PlayedRequests['played'][number];

/** Plays the list from its first request and says of each what came and why. Equal questions have equal answers. */
export function play(api: Api, { lab, files, requests }: PlayQuestion): PlayAnswer {
  const [name, ...others] = lab.edit;
  const config = files[name ?? ''] ?? '';
  const rest = Object.fromEntries(others.map((other) => [other, files[other] ?? '']));
  const { read, played } = playRequests(api, { config, files: rest, upstreams: lab.upstreams, requests }, lab.slug);
  const sources = new Sources(api, lab, files, read);
  return {
    isLoaded: !read.diagnostics.some((one) => one.severity === 'error'),
    problems: sources.problems(),
    outcomes: played.map((one, i) => outcomeOf(requests[i]!, one, sources)),
    tasks: judge(api, lab, files),
  };
}

function outcomeOf(request: RequestSpec, { result, trace }: Played, sources: Sources): Outcome {
  const access = result.access?.at(-1);
  const code = result.response?.status;
  const reached = result.upstream ?? [];
  const flags = explainFlags(String(access?.['flags'] ?? '-'));
  const details = explainDetails(String(access?.['details'] ?? '-'));
  const status = code === undefined ? 'closed' : String(code);
  return {
    request,
    status,
    tone: code === undefined || code >= 400 ? 'bad' : 'good',
    headers: result.response?.headers ?? [],
    body: result.response?.body ?? result.response?.raw ?? '',
    flags,
    details,
    reached,
    steps: stepsOf(trace, sources),
    verdict: verdictOf(
      status,
      details?.word,
      reached.map((one) => one.upstream),
    ),
  };
}

function stepsOf(trace: Played['trace'], sources: Sources): Step[] {
  const start = trace[0]?.atMs ?? 0;
  let stage = '';
  return trace.map(({ sequence, atMs, kind, state, sentence, because, moment }) => {
    stage = stageOf(kind, stage);
    const range = because && sources.placeOf(because);
    return {
      sequence,
      atMs: atMs - start,
      stage,
      state,
      sentence,
      ...(range && { range }),
      ...(moment && { moment }),
    };
  });
}

function verdictOf(status: string, details: string | undefined, reached: readonly string[]): Outcome['verdict'] {
  if (status === 'closed')
    return { title: 'The connection was closed without an answer.', text: 'No HTTP response was written.' };
  const last = reached.at(-1);
  if (details === 'via_upstream' && last !== undefined)
    return {
      title: `${status} was made by ${last}.`,
      text:
        reached.length === 1
          ? 'Envoy passed its answer on.'
          : `Envoy passed its answer on, after ${reached.length} tries.`,
    };
  return {
    title: `${status} was made by Envoy.`,
    text: last === undefined ? 'No upstream got the request.' : `The request had reached ${last} before.`,
  };
}
