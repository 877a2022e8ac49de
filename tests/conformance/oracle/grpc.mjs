// The upstreams that speak gRPC: `protocol: grpc` (any unary or streaming service) and `protocol: ads` (an xDS management
// server). Services of Envoy's API are decoded with src/api/envoy-v3-1.40.0.binpb and noted as protojson; others as their bytes.
import { readFileSync } from 'node:fs';
import http2 from 'node:http2';
import { create, createFileRegistry, fromBinary, fromJson, toBinary, toJson } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

let registry;
const types = () =>
  (registry ??= createFileRegistry(
    fromBinary(
      FileDescriptorSetSchema,
      readFileSync(new URL('../../../src/api/envoy-v3-1.40.0.binpb', import.meta.url)),
    ),
  ));
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

const frame = (payload) => {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(payload.length, 1);
  return Buffer.concat([head, payload]);
};

/** Calls `take` with each whole gRPC message of a stream. */
function messages(stream, take) {
  let rest = Buffer.alloc(0);
  stream.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    while (rest.length >= 5 && rest.length >= 5 + rest.readUInt32BE(1)) {
      const length = rest.readUInt32BE(1);
      take(rest.subarray(5, 5 + length));
      rest = rest.subarray(5 + length);
    }
  });
}

/** Drops what varies: times, ports of clients, ids. A `raw_value` of a header becomes its text. */
const DROPPED =
  /^(startTime|time|id|streamId|timeTo\w+|duration|downstreamWire\w+|upstreamWire\w+|requestHeadersBytes|responseHeadersBytes|upstreamLocalAddress|downstreamDirectRemoteAddress|observabilityMode|customTags|connectionId|upstreamConnectionId|requestId|accessLogType)$/;
function steady(value, key = '', parent = '') {
  if (Array.isArray(value)) return value.map((one) => steady(one, key, parent));
  if (value === null || typeof value !== 'object') return value;
  if (typeof value.key === 'string' && typeof value.rawValue === 'string') {
    const text = Buffer.from(value.rawValue, 'base64').toString('latin1');
    return {
      key: value.key,
      value:
        value.key === 'x-request-id' || value.key === 'x-envoy-upstream-service-time' || value.key === 'date'
          ? '<volatile>'
          : text,
    };
  }
  const out = {};
  for (const [name, one] of Object.entries(value)) {
    if (DROPPED.test(name) && key !== 'headers' && key !== 'requestHeaders' && key !== 'responseHeaders') continue;
    if (name === 'portValue' && /source|downstreamRemoteAddress/.test(parent)) {
      out[name] = '<port>';
      continue;
    }
    if (['x-request-id', 'x-envoy-upstream-service-time', 'date'].includes(name)) {
      out[name] = '<volatile>';
      continue;
    }
    out[name] = steady(
      one,
      name,
      /^(source|destination|downstream\w*Address|upstream\w*Address)$/.test(name) ? name : parent,
    );
  }
  return out;
}

class Listening {
  constructor(spec) {
    this.spec = spec;
    this.seen = [];
    this.connections = 0;
    const at = spec.address.lastIndexOf(':');
    this.host = spec.address.slice(0, at);
    this.port = Number(spec.address.slice(at + 1));
    this.played = 0;
    this.replies = spec.replies ?? [{}];
  }
  get name() {
    return this.spec.name ?? this.spec.address;
  }
  async start() {
    if (this.spec.refuse) return;
    this.server = http2.createServer();
    this.sockets = new Set();
    this.server.on('connection', (socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.server.on('sessionError', () => {});
    this.server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      this.serve(stream, headers);
    });
    await new Promise((done, fail) => this.server.once('error', fail).listen(this.port, this.host, done));
  }
  async stop() {
    if (!this.server) return;
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
    this.server = undefined;
  }
}

function finish(stream, status, message, trailers = []) {
  if (stream.destroyed) return;
  stream.on('wantTrailers', () =>
    stream.sendTrailers({
      'grpc-status': String(status),
      ...(message ? { 'grpc-message': message } : {}),
      ...Object.fromEntries(trailers),
    }),
  );
  if (!stream.headersSent)
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.end();
}

/**
 * A gRPC service. A reply: `message` (protojson, for a service of Envoy's API) or `text` (bytes), `messages`, `headers`,
 * `trailers`, `grpc_status`, `grpc_message`, `trailers_only`, `delay_ms`, `never`, `reset`. For ext_proc, `on` gives the
 * answer to each kind of message: `on: {request_headers: {…}}`.
 */
export class GrpcUpstream extends Listening {
  #next() {
    return this.replies[Math.min(this.played++, this.replies.length - 1)] ?? {};
  }

  async serve(stream, headers) {
    const path = headers[':path'];
    if (path === '/grpc.health.v1.Health/Check') {
      const serving = this.spec.health ?? 'SERVING';
      stream.resume();
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
      return stream.end(frame(Buffer.from([8, { SERVING: 1, NOT_SERVING: 2 }[serving] ?? 0])));
    }
    const [, service, name] = path.split('/');
    const method = types()
      .getService(service)
      ?.methods.find((one) => one.name === name);
    const got = { at: performance.now(), upstream: this.name, method: headers[':method'], path };
    if (!method)
      got.headers = Object.entries(headers)
        .filter(([n]) => !n.startsWith(':'))
        .flatMap(([n, v]) => [].concat(v).map((one) => [n, String(one)]));
    got.grpc = [];
    this.seen.push(got);
    const reply = this.#next();
    const encode = (one) =>
      method
        ? Buffer.from(toBinary(method.output, fromJson(method.output, one, { registry: types() })))
        : Buffer.from(one, 'latin1');
    const start = () => {
      if (!stream.headersSent && !stream.destroyed)
        stream.respond(
          { ':status': 200, 'content-type': 'application/grpc', ...Object.fromEntries(reply.headers ?? []) },
          { waitForTrailers: true },
        );
    };
    messages(stream, async (bytes) => {
      const json = method
        ? toJson(method.input, fromBinary(method.input, bytes), { registry: types() })
        : bytes.toString('latin1');
      got.grpc.push(method ? steady(json) : json);
      if (!reply.on) return;
      if (reply.delay_ms) await sleep(reply.delay_ms);
      const kind = Object.keys(reply.on).find((one) => one.replace(/_(.)/g, (_, c) => c.toUpperCase()) in json);
      const answer = kind && reply.on[kind];
      if (!answer || stream.destroyed) return;
      if (answer.grpc_status !== undefined) return finish(stream, answer.grpc_status, answer.grpc_message);
      start();
      stream.write(frame(encode(answer)));
    });
    if (reply.reset === 'at_once') return stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    stream.on('end', async () => {
      if (reply.never) return;
      if (reply.on) return finish(stream, 0);
      if (reply.delay_ms) await sleep(reply.delay_ms);
      if (stream.destroyed) return;
      const status = reply.grpc_status ?? 0;
      if (reply.trailers_only)
        return stream.respond(
          {
            ':status': 200,
            'content-type': 'application/grpc',
            'grpc-status': String(status),
            ...(reply.grpc_message ? { 'grpc-message': reply.grpc_message } : {}),
            ...Object.fromEntries(reply.trailers ?? []),
          },
          { endStream: true },
        );
      start();
      const all =
        reply.messages ??
        (reply.message !== undefined
          ? [reply.message]
          : reply.text !== undefined
            ? [reply.text]
            : status === 0 && !method
              ? [this.name]
              : status === 0
                ? [{}]
                : []);
      for (const one of all) stream.write(frame(encode(one)));
      finish(stream, status, reply.grpc_message, reply.trailers);
    });
  }
}

// ---------------------------------------------------------------- xDS

const SHORT = {
  cds: 'envoy.config.cluster.v3.Cluster',
  eds: 'envoy.config.endpoint.v3.ClusterLoadAssignment',
  lds: 'envoy.config.listener.v3.Listener',
  rds: 'envoy.config.route.v3.RouteConfiguration',
  srds: 'envoy.config.route.v3.ScopedRouteConfiguration',
  vhds: 'envoy.config.route.v3.VirtualHost',
  sds: 'envoy.extensions.transport_sockets.tls.v3.Secret',
  rtds: 'envoy.service.runtime.v3.Runtime',
  ecds: 'envoy.config.core.v3.TypedExtensionConfig',
};
const shortOf = (url) => Object.keys(SHORT).find((key) => url.endsWith(`/${SHORT[key]}`)) ?? url;
const nameOf = (kind, one) => one.cluster_name ?? one.name;
const WILDCARD = ['cds', 'lds'];

/** Answers ADS, state of the world and delta. `resources`: `{cds: {version, resources: […]}, eds: …}`. */
export class AdsUpstream extends Listening {
  constructor(spec, prepare) {
    super(spec);
    this.prepare = prepare ?? ((one) => one);
    this.requests = [];
    this.have = {};
    this.streams = new Set();
    this.nonces = {};
    this.#put(spec.resources ?? {});
  }

  #put(sets) {
    for (const [kind, { version, resources }] of Object.entries(sets)) {
      const before = this.have[kind]?.byName ?? new Map();
      const byName = new Map();
      for (const one of resources ?? []) {
        const text = JSON.stringify(one);
        const name = nameOf(kind, one);
        byName.set(
          name,
          before.get(name)?.text === text ? before.get(name) : { name, text, version: String(version), resource: one },
        );
      }
      this.have[kind] = { version: String(version), byName };
    }
  }

  #any(kind, resource) {
    const clone = this.prepare(structuredClone(resource), kind);
    const type = types().getMessage(SHORT[kind]);
    return {
      typeUrl: `type.googleapis.com/${SHORT[kind]}`,
      value: toBinary(type, fromJson(type, clone, { registry: types() })),
    };
  }

  /** New resources; each stream that asked for the type is told. */
  async set(sets) {
    this.#put(sets);
    for (const kind of Object.keys(sets)) {
      for (const stream of this.streams) stream.push(kind);
      if (Object.keys(sets).length > 1) await sleep(30);
    }
  }

  taken() {
    return this.requests.splice(0);
  }

  serve(stream, headers) {
    const delta = headers[':path'].endsWith('/DeltaAggregatedResources');
    const [input, output] = delta
      ? ['envoy.service.discovery.v3.DeltaDiscoveryRequest', 'envoy.service.discovery.v3.DeltaDiscoveryResponse']
      : ['envoy.service.discovery.v3.DiscoveryRequest', 'envoy.service.discovery.v3.DiscoveryResponse'];
    const [Input, Output] = [types().getMessage(input), types().getMessage(output)];
    const asked = new Map(); // kind -> {names: Set, all, sent: Map(name -> version)}
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const nonce = (kind) => `${kind}-${(this.nonces[kind] = (this.nonces[kind] ?? 0) + 1)}`;
    const write = (message) => {
      if (!stream.destroyed) stream.write(frame(Buffer.from(toBinary(Output, create(Output, message)))));
    };
    const wanted = (kind, state) =>
      [...(this.have[kind]?.byName.values() ?? [])].filter((one) => state.all || state.names.has(one.name));

    const push = (kind) => {
      const state = asked.get(kind);
      if (!state || !this.have[kind]) return;
      const all = wanted(kind, state);
      state.nonce = nonce(kind);
      if (!delta) {
        return write({
          versionInfo: this.have[kind].version,
          typeUrl: `type.googleapis.com/${SHORT[kind]}`,
          nonce: state.nonce,
          resources: all.map((one) => this.#any(kind, one.resource)),
        });
      }
      const fresh = all.filter((one) => state.sent.get(one.name) !== one.version);
      const gone = [...state.sent.keys()].filter((name) => !all.some((one) => one.name === name));
      for (const one of fresh) state.sent.set(one.name, one.version);
      for (const name of gone) state.sent.delete(name);
      write({
        systemVersionInfo: this.have[kind].version,
        typeUrl: `type.googleapis.com/${SHORT[kind]}`,
        nonce: state.nonce,
        removedResources: gone,
        resources: fresh.map((one) => ({
          name: one.name,
          version: one.version,
          resource: this.#any(kind, one.resource),
        })),
      });
    };
    const entry = { push };
    this.streams.add(entry);
    stream.on('close', () => this.streams.delete(entry));

    messages(stream, (bytes) => {
      const request = fromBinary(Input, bytes);
      const kind = shortOf(request.typeUrl);
      const first = !asked.has(kind);
      const state = asked.get(kind) ?? { names: new Set(), all: false, sent: new Map() };
      asked.set(kind, state);
      const error = request.errorDetail ? { error: true, error_text: request.errorDetail.message } : {};
      if (delta) {
        const note = { type: kind, ...(request.responseNonce ? { nonce: request.responseNonce } : {}) };
        if (request.resourceNamesSubscribe.length) note.subscribe = [...request.resourceNamesSubscribe].sort();
        if (request.resourceNamesUnsubscribe.length) note.unsubscribe = [...request.resourceNamesUnsubscribe].sort();
        if (Object.keys(request.initialResourceVersions).length) note.initial = request.initialResourceVersions;
        this.requests.push({ ...note, ...error });
        if (first && !request.resourceNamesSubscribe.length && WILDCARD.includes(kind)) state.all = true;
        for (const name of request.resourceNamesSubscribe) {
          if (name === '*') state.all = true;
          else {
            state.names.add(name);
            state.sent.delete(name);
          }
        }
        for (const name of request.resourceNamesUnsubscribe) {
          state.names.delete(name);
          state.sent.delete(name);
        }
        if (first || request.resourceNamesSubscribe.length) {
          if (wanted(kind, state).some((one) => state.sent.get(one.name) !== one.version) || (first && state.all))
            push(kind);
        }
        return;
      }
      this.requests.push({
        type: kind,
        version: request.versionInfo,
        nonce: request.responseNonce,
        names: [...request.resourceNames].sort(),
        ...error,
      });
      if (request.responseNonce && request.responseNonce !== state.nonce) return; // an answer to an old response
      const names = new Set(request.resourceNames);
      const grown = [...names].some((name) => !state.names.has(name));
      state.names = names;
      state.all = !names.size && WILDCARD.includes(kind);
      if (first || grown) push(kind);
    });
    stream.on('end', () => {
      if (!stream.destroyed) stream.end();
    });
  }
}
