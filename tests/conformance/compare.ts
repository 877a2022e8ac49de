import type { Scenario, ScenarioOutcome } from '#world';
import { CORE_STATS } from './core_stats.ts';

type Pairs = readonly (readonly [string, string])[];
type Facts = Readonly<Record<string, unknown>>;
interface Response extends Facts {
  readonly failed?: string;
  readonly headers?: Pairs;
  readonly trailers?: Pairs;
}
interface Result {
  readonly response?: Response;
  readonly responses?: readonly Response[];
  readonly upstream?: readonly (Facts & { readonly upstream: string; readonly headers?: Pairs })[];
  readonly upstream_count?: number;
  readonly access?: readonly Facts[];
  readonly counts?: Readonly<Record<string, number>>;
  readonly lines?: readonly string[];
  readonly picked?: unknown;
  readonly status?: number;
  readonly xds?: readonly Facts[];
}
type RecordedStep = Scenario['steps'][number] & {
  readonly expect?: Result;
  readonly tolerance?: number;
  readonly exact?: boolean;
};

/** A scenario and what the real Envoy did with it. */
export interface Vector extends Scenario {
  readonly name: string;
  readonly area: string;
  readonly kind: 'envoy' | 'envoy-validate';
  readonly expect?: { readonly ok: boolean };
  readonly mentions?: readonly string[];
  readonly steps: readonly RecordedStep[];
  readonly stats?: Readonly<Record<string, number>>;
  /** Groups of upstreams of which any may have been picked. */
  readonly interchangeable?: readonly (readonly string[])[];
  /** Patterns of statistics that are not compared here. */
  readonly free_stats?: readonly string[];
}

/** What the simulator did otherwise than the real Envoy, a line each. */
export function differences(vector: Vector, outcome: ScenarioOutcome): string[] {
  const comparison = new Comparison(vector);
  vector.steps.forEach((step, i) => {
    if (step.expect) comparison.step(`step ${i + 1}`, step, (outcome.steps[i]?.expect ?? {}) as Result);
  });
  comparison.stats(vector, outcome.stats);
  return comparison.found;
}

/** The same value with the keys of each object in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const facts = value as Facts;
  return Object.fromEntries(
    Object.keys(facts)
      .sort()
      .map((key) => [key, sorted(facts[key])]),
  );
}

/** The wording of a NACK is free. */
const withoutText = (requests: Result['xds']): Facts[] | undefined =>
  requests?.map((one) => Object.fromEntries(Object.entries(one).filter(([key]) => key !== 'error_text')));

class Comparison {
  readonly found: string[] = [];
  readonly #groups = new Map<string, string>();

  constructor(vector: Vector) {
    for (const members of vector.interchangeable ?? [])
      for (const member of members) this.#groups.set(member, members.join('|'));
    for (const { name, address } of vector.upstreams ?? [])
      if (this.#groups.has(name)) this.#groups.set(address, this.#groups.get(name)!);
  }

  step(where: string, step: RecordedStep, got: Result): void {
    const want = step.expect!;
    if (want.response) this.#response(`${where} response`, want.response, got.response);
    want.responses?.forEach((one, n) => this.#response(`${where} response ${n + 1}`, one, got.responses?.[n]));
    if (want.upstream) this.#upstream(where, want.upstream, got.upstream ?? []);
    if (want.access) this.#access(where, want.access, got.access ?? []);
    if (want.counts) this.#counts(where, step, got.counts ?? {});
    for (const key of ['upstream_count', 'lines', 'picked'] as const)
      if (want[key] !== undefined) this.#equal(`${where} ${key}`, want[key], got[key]);
    if (want.xds) this.#equal(`${where} xds`, sorted(withoutText(want.xds)), sorted(withoutText(got.xds)));
    if (step.admin !== undefined) this.#equal(`${where} admin status`, want.status, got.status);
  }

  stats({ stats = {}, free_stats = [] }: Vector, got: Readonly<Record<string, number>>): void {
    const free = free_stats.map((one) => new RegExp(one));
    for (const name of Object.keys({ ...stats, ...got }))
      if (CORE_STATS.some((one) => one.test(name)) && !free.some((one) => one.test(name)))
        this.#equal(`stat ${name}`, stats[name], got[name]);
  }

  #response(where: string, want: Response, got: Response = {}): void {
    this.#equal(`${where} failed`, want.failed !== undefined, got.failed !== undefined);
    if (want.failed !== undefined) return;
    for (const key of ['status', 'body', 'reset', 'tls'])
      this.#equal(`${where} ${key}`, sorted(want[key]), sorted(got[key]));
    this.#equal(`${where} raw`, rawParts(want['raw']), rawParts(got['raw']));
    this.#headers(`${where} header`, want.headers, got.headers);
    this.#headers(`${where} trailer`, want.trailers, got.trailers);
  }

  #upstream(where: string, want: NonNullable<Result['upstream']>, got: NonNullable<Result['upstream']>): void {
    const names = (seen: NonNullable<Result['upstream']>): unknown[] => seen.map((one) => this.#grouped(one.upstream));
    this.#equal(`${where} upstream requests`, names(want), names(got));
    want.forEach((one, n) => {
      const other = got[n];
      if (!other) return;
      for (const key of ['method', 'path', 'body', 'tcp', 'tls', 'grpc'])
        this.#equal(`${where} upstream ${n + 1} ${key}`, sorted(one[key]), sorted(other[key]));
      this.#headers(`${where} upstream ${n + 1} header`, one.headers, other.headers);
    });
  }

  #access(where: string, want: readonly Facts[], got: readonly Facts[]): void {
    this.#equal(`${where} access log lines`, want.length, got.length);
    want.forEach((one, n) => {
      const other = got[n] ?? {};
      for (const key of Object.keys({ ...one, ...other }))
        this.#equal(`${where} access ${n + 1} ${key}`, this.#grouped(one[key]), this.#grouped(other[key]));
    });
  }

  /** A share that lies within the step's tolerance counts as equal. */
  #counts(where: string, step: RecordedStep, got: Readonly<Record<string, number>>): void {
    const near = step.exact === true ? 0 : Math.max(2, (step.tolerance ?? 0.1) * (step.repeat ?? 0));
    const want = step.expect!.counts!;
    for (const key of Object.keys({ ...want, ...got })) {
      const [real, ours] = [want[key] ?? 0, got[key] ?? 0];
      if (Math.abs(real - ours) > near) this.found.push(`${where} ${key}: real ${real}, simulated ${ours}`);
    }
  }

  #headers(where: string, want: Pairs = [], got: Pairs = []): void {
    const [real, ours] = [grouped(want), grouped(got)];
    for (const name of new Set([...real.keys(), ...ours.keys()]))
      this.#equal(`${where} ${name}`, real.get(name), ours.get(name));
  }

  #grouped(value: unknown): unknown {
    return this.#groups.get(value as string) ?? value;
  }

  #equal(where: string, want: unknown, got: unknown): void {
    const [real, ours] = [JSON.stringify(want), JSON.stringify(got)];
    if (real !== ours) this.found.push(`${where}: real ${short(real)}, simulated ${short(ours)}`);
  }
}

const short = (text = 'nothing'): string => (text.length > 220 ? `${text.slice(0, 220)}…` : text);

function grouped(pairs: Pairs): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const [name, value] of pairs) groups.set(name, [...(groups.get(name) ?? []), value]);
  return groups;
}

/** Raw bytes from the wire, each message's header lines in one order. */
function rawParts(raw: unknown): unknown {
  if (typeof raw !== 'string') return raw;
  return raw.split('\r\n\r\n').map((part) => {
    const [start = '', ...lines] = part.split('\r\n');
    return start.startsWith('HTTP/') ? [start, ...lines.sort()] : part;
  });
}
