import type { HeaderMap } from '../../../http/header_map.ts';
import { readTraceParent } from '../../../tracing/trace_parent.ts';

/** What a client says of the trace that its request belongs to. */
export interface SpanContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | undefined;
}

const HEX = /^[0-9a-f]+$/i;
const SINGLE = /^([0-9a-f]{16}|[0-9a-f]{32})-([0-9a-f]{16})(?:-([01d])(?:-([0-9a-f]{16}))?)?$/i;
const NO_PARENT = /^0*$/;

/** By the client's word where it has one: span_context_extractor.cc, extractSampled. */
export function readSampled(headers: HeaderMap, isTraced: boolean, readsTraceParent: boolean): boolean {
  const single = headers.get('b3');
  if (single !== undefined) {
    const flag = single.length === 1 ? single : SINGLE.exec(single)?.[3];
    return flag !== undefined && '01d'.includes(flag) ? flag !== '0' : isTraced;
  }
  const flag = headers.get('x-b3-sampled');
  if (flag !== undefined) return flag === '1' || flag === 'true';
  const parent = readsTraceParent ? readTraceParent(headers.get('traceparent') ?? '') : undefined;
  return parent?.isSampled ?? isTraced;
}

/** `none` where the client says nothing, `unreadable` where it can not be read. */
export function readContext(headers: HeaderMap, readsTraceParent: boolean): SpanContext | 'none' | 'unreadable' {
  const single = headers.get('b3');
  if (single !== undefined) return readSingle(single);
  const [traceId, spanId, parentId] = ['x-b3-traceid', 'x-b3-spanid', 'x-b3-parentspanid'].map((one) =>
    headers.get(one),
  );
  if (traceId === undefined || spanId === undefined) {
    const parent = readsTraceParent ? readTraceParent(headers.get('traceparent') ?? '') : undefined;
    return parent ? { traceId: parent.traceId, spanId: parent.spanId, parentId: undefined } : 'none';
  }
  const ids = [traceId, spanId, ...(parentId === undefined || parentId === '' ? [] : [parentId])];
  if (!ids.every((one) => HEX.test(one))) return 'unreadable';
  return { traceId: padded(traceId), spanId: padded(spanId), parentId: parentOf(parentId) };
}

function readSingle(text: string): SpanContext | 'none' | 'unreadable' {
  if (text.length === 1) return '01d'.includes(text) ? 'none' : 'unreadable';
  const [, traceId, spanId, , parentId] = SINGLE.exec(text) ?? [];
  if (traceId === undefined || spanId === undefined) return 'unreadable';
  return { traceId, spanId, parentId: parentOf(parentId) };
}

const padded = (id: string): string => (id.length === 32 ? id : id.padStart(16, '0')).toLowerCase();

const parentOf = (id: string | undefined): string | undefined =>
  id === undefined || NO_PARENT.test(id) ? undefined : padded(id);
