import { receivedResponse, sentRequest, sentResponse, type WireBytes } from '../http/wire_bytes.ts';
import type { FormatterContext, Operator } from './formatter_context.ts';

type Part = (context: FormatterContext) => WireBytes | undefined;

const NOTHING: WireBytes = { wire: 0, headers: 0 };

const sum = (parts: readonly WireBytes[]): WireBytes =>
  parts.reduce((all, one) => ({ wire: all.wire + one.wire, headers: all.headers + one.headers }), NOTHING);

/** Of all tries. Nothing where no upstream was asked; absent where HTTP/2 packs its headers, which is not simulated. */
const toUpstream: Part = ({ facts }) => {
  if (facts.upstreamSent.length > 0)
    return sum(facts.upstreamSent.map(({ headers, body }) => sentRequest(headers, body.length)));
  return facts.received && facts.host === undefined ? NOTHING : undefined;
};

const fromUpstream: Part = ({ facts, request }) => {
  const isHead = request.get(':method') === 'HEAD';
  if (facts.upstreamReplies.length > 0)
    return sum(
      facts.upstreamReplies.map(({ response: { status, headers, body }, connectionHeaders }) =>
        receivedResponse(
          status,
          connectionHeaders ? [headers, connectionHeaders] : [headers],
          isHead ? 0 : body.length,
        ),
      ),
    );
  return facts.received && (facts.host === undefined || facts.upstreamSent.length > 0) ? NOTHING : undefined;
};

const toClient: Part = ({ facts, response, log }) =>
  facts.received && response
    ? sentResponse(Number(log['code'] ?? 0), response, {
        bodyLength: Number(log['bytes_sent'] ?? 0),
        closes: facts.received.closes,
      })
    : undefined;

const fromClient: Part = ({ facts }) => facts.received;

/** Operators of the bytes on both connections; of one that passes bytes they are its own. */
export const WIRE_OPERATORS: Readonly<Record<string, Operator>> = {
  UPSTREAM_WIRE_BYTES_SENT: (context) => context.facts.upstreamBytes?.sent ?? toUpstream(context)?.wire,
  UPSTREAM_WIRE_BYTES_RECEIVED: (context) => context.facts.upstreamBytes?.received ?? fromUpstream(context)?.wire,
  UPSTREAM_HEADER_BYTES_SENT: (context) => toUpstream(context)?.headers,
  UPSTREAM_HEADER_BYTES_RECEIVED: (context) => fromUpstream(context)?.headers,
  DOWNSTREAM_WIRE_BYTES_RECEIVED: (context) => context.wire?.received ?? fromClient(context)?.wire,
  DOWNSTREAM_WIRE_BYTES_SENT: (context) => context.wire?.sent ?? toClient(context)?.wire,
  DOWNSTREAM_HEADER_BYTES_RECEIVED: (context) => fromClient(context)?.headers,
  DOWNSTREAM_HEADER_BYTES_SENT: (context) => toClient(context)?.headers,
  // HTTP/1 compresses nothing.
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: (context) => toUpstream(context)?.headers,
  UPSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: (context) => fromUpstream(context)?.headers,
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_RECEIVED: (context) =>
    fromClient(context)?.headers ?? context.facts.unpackedBytes,
  DOWNSTREAM_DECOMPRESSED_HEADER_BYTES_SENT: (context) => toClient(context)?.headers,
};
