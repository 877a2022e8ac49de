import type { StepResult } from '#world';
import type { Expectation, LabRequest } from './lab.ts';

/** A request as a person would say it: `POST shop.example/cart`. */
export function requestWords({ method = 'GET', authority, path = '/', headers = [] }: LabRequest): string {
  const host = authority === null ? ' without Host' : authority === undefined ? '' : ` with Host \`${authority}\``;
  const more = headers.map(([name, value]) => ` and \`${name}: ${value}\``).join('');
  return `\`${method} ${path}\`${host}${more}`;
}

/** What came of it: `200 from shop by the route all`, `404 NR by Envoy itself`. */
export function outcomeWords({ response, access, upstream }: StepResult): string {
  if (!response || response.failed !== undefined) return 'the connection was closed without an answer';
  const log = access?.at(-1) ?? {};
  const who = upstream?.at(-1)?.upstream;
  const flags = log['flags'] === undefined || log['flags'] === '-' ? '' : ` ${String(log['flags'])}`;
  const route = log['route'] === undefined ? '' : `, route \`${String(log['route'])}\``;
  return `${response.status}${flags} ${who === undefined ? 'by Envoy itself' : `from \`${who}\``}${route}`;
}

/** What was wanted: `200 from shop`. */
export function expectationWords(expect: Expectation): string {
  const parts = [
    expect.status === undefined ? undefined : String(expect.status),
    expect.flags === undefined || expect.flags === '-' ? undefined : expect.flags,
    expect.upstream === undefined
      ? undefined
      : expect.upstream === 'none'
        ? 'by Envoy itself'
        : `from \`${expect.upstream}\``,
    expect.cluster === undefined ? undefined : `by the cluster \`${expect.cluster}\``,
    expect.route === undefined ? undefined : `by the route \`${expect.route}\``,
    expect.details,
    expect.body === undefined ? undefined : `with the body "${expect.body}"`,
    ...Object.entries(expect.headers ?? {}).map(([name, value]) => `with \`${name}: ${value}\``),
  ];
  return parts.filter((part) => part !== undefined).join(' ');
}
