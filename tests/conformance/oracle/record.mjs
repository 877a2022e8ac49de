#!/usr/bin/env node
// Runs each scenario against the real Envoy and writes the vector to OUT. Called by scripts/record.mjs, which brings the
// Envoy: `npm run record -- FILE…`. A vector may be given in place of a scenario: it is recorded anew.
// The formats of a scenario and of a vector: ../README.md
import { spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import net from 'node:net';
import tls from 'node:tls';
import { networkInterfaces, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import YAML from 'yaml';
import { AdsUpstream, GrpcUpstream } from './grpc.mjs';

const ENVOY = process.env.ENVOY ?? 'envoy';
const ADMIN = { host: '127.0.0.1', port: 19000 + (process.pid % 900) };
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

// ---------------------------------------------------------------- upstreams

/** One programmable upstream: plays `replies` in order (the last repeats) and notes each request that it got. */
class Upstream {
  constructor(spec, dir) {
    this.spec = spec;
    this.dir = dir;
    this.seen = [];
    this.connections = 0;
    this.played = 0;
    this.replies = spec.replies ?? [{ status: 200 }];
    const at = spec.address.lastIndexOf(':');
    this.host = spec.address.slice(0, at);
    this.port = Number(spec.address.slice(at + 1));
  }

  async start() {
    if (this.spec.refuse) return;
    const protocol = this.spec.protocol ?? 'http1';
    const secure = this.spec.tls && {
      ...tlsServer(this.spec.tls, this.dir),
      ALPNProtocols: this.spec.tls.alpn ?? (protocol === 'http2' ? ['h2'] : undefined),
    };
    if (protocol === 'tcp') {
      this.server = secure
        ? tls.createServer(secure, (socket) => this.#tcp(socket))
        : net.createServer((socket) => this.#tcp(socket));
    } else if (protocol === 'http2') {
      this.server = secure ? http2.createSecureServer(secure) : http2.createServer();
      this.server.on('request', (request, response) => this.#answer(request, response));
      this.server.on('sessionError', () => {});
    } else {
      this.server = (secure ? https : http).createServer({ keepAliveTimeout: 60_000, ...secure }, (request, response) =>
        this.#answer(request, response),
      );
    }
    this.server.on('tlsClientError', () => {});
    this.sockets = new Set();
    this.server.on('connection', (socket) => {
      this.connections++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
    });
    await new Promise((done, fail) => this.server.once('error', fail).listen(this.port, this.host, done));
  }

  async stop() {
    if (!this.server) return;
    for (const socket of this.sockets) socket.destroy();
    await new Promise((done) => this.server.close(done));
    this.server = undefined;
  }

  #next() {
    const reply = this.replies[Math.min(this.played, this.replies.length - 1)];
    this.played++;
    return reply;
  }

  #tcp(socket) {
    const reply = this.#next();
    if (reply.close === 'at_once') return socket.destroy();
    const got = { at: performance.now(), upstream: this.name, tcp: '' };
    this.seen.push(got);
    if (reply.greeting) socket.write(reply.greeting);
    socket.on('data', (data) => {
      got.tcp += data.toString('latin1');
      if (reply.echo) socket.write(data);
      if (reply.send) socket.write(reply.send);
      if (reply.close === 'after_data') socket.end();
    });
  }

  get name() {
    return this.spec.name ?? this.spec.address;
  }

  #answer(request, response) {
    const chunks = [];
    if (request.headers['user-agent'] === 'Envoy/HC') {
      // a health check is answered by `health`, and not noted
      const health = this.spec.health ?? {};
      response.writeHead(health.status ?? 200, Object.fromEntries(health.headers ?? []));
      return response.end(health.body);
    }
    const reply = this.#matching(request) ?? this.#next();
    const got = {
      at: performance.now(),
      upstream: this.name,
      method: request.method,
      path: request.url,
      headers: pairs(request.rawHeaders).filter(([name]) => !['connection', 'keep-alive'].includes(name)),
      body: '',
    };
    if (this.spec.tls) {
      const socket = request.stream?.session?.socket ?? request.socket;
      got.tls = {
        sni: socket.servername || undefined,
        alpn: socket.alpnProtocol || undefined,
        client: socket.getPeerCertificate?.()?.subject?.CN,
      };
    }
    this.seen.push(got);
    if (reply.reset === 'at_once') return request.socket?.destroy();
    const respond = async () => {
      if (reply.delay_ms) await sleep(reply.delay_ms);
      if (reply.reset === 'before_headers') return (request.stream ?? request.socket).destroy?.();
      if (reply.never) return;
      const body = this.#body(reply, request, got);
      const headers = reply.headers ?? [];
      const status = reply.status ?? 200;
      if (response.stream) {
        // HTTP/2
        const out = { ':status': status };
        for (const [name, value] of headers) out[name] = name in out ? [].concat(out[name], value) : value;
        if (reply.trailers) {
          for (const [name, value] of reply.trailers) response.setTrailer(name, value); // sent by node's own wantTrailers handler
          response.stream.respond(out, { waitForTrailers: true });
          response.stream.end(body);
        } else {
          response.stream.respond(out, { endStream: body === undefined });
          if (body !== undefined) response.stream.end(body);
        }
        return;
      }
      response.sendDate = false;
      const raw = headers.flatMap(([name, value]) => [name, value]);
      if (
        body !== undefined &&
        !headers.some(([name]) => ['content-length', 'transfer-encoding'].includes(name.toLowerCase()))
      ) {
        raw.push('content-length', String(Buffer.byteLength(body)));
      }
      if (
        body === undefined &&
        ![204, 304].includes(status) &&
        !headers.some(([n]) => n.toLowerCase() === 'content-length')
      )
        raw.push('content-length', '0');
      response.writeHead(status, raw);
      if (reply.reset === 'after_headers') {
        response.flushHeaders();
        await sleep(30);
        return request.socket.destroy();
      }
      response.end(body);
    };
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('error', () => {});
    request.on('end', () => {
      got.body = Buffer.concat(chunks).toString('latin1');
      if (reply.wait_for_body !== false) respond();
    });
    if (reply.wait_for_body === false) respond();
  }

  /** A reply with `when: {path?, header?}` answers the requests that it fits, outside the sequence. */
  #matching(request) {
    const url = request.url;
    return (this.spec.when ?? []).find(
      (reply) =>
        (reply.path === undefined || url.split('?')[0] === reply.path) &&
        (reply.header === undefined || request.headers[reply.header[0]] === reply.header[1]),
    );
  }

  #body(reply, request, got) {
    if (reply.body !== undefined) return reply.body;
    if (reply.body_size) return 'x'.repeat(reply.body_size);
    if (reply.say_name !== false && (reply.status ?? 200) !== 204 && (reply.status ?? 200) !== 304)
      return `${this.name}\n`;
    return undefined;
  }
}

function tlsServer(spec, dir) {
  const read = (file) => readFileSync(join(dir, file));
  return {
    cert: read(spec.cert),
    key: read(spec.key),
    ...(spec.ca ? { ca: read(spec.ca), requestCert: true, rejectUnauthorized: true } : {}),
  };
}

const pairs = (raw) => {
  const out = [];
  for (let i = 0; i < raw.length; i += 2) out.push([raw[i].toLowerCase(), raw[i + 1]]);
  return out;
};

// ---------------------------------------------------------------- Envoy

const ACCESS_FIELDS = {
  protocol: '%PROTOCOL%',
  code: '%RESPONSE_CODE%',
  flags: '%RESPONSE_FLAGS%',
  details: '%RESPONSE_CODE_DETAILS%',
  termination: '%CONNECTION_TERMINATION_DETAILS%',
  route: '%ROUTE_NAME%',
  virtual_cluster: '%VIRTUAL_CLUSTER_NAME%',
  cluster: '%UPSTREAM_CLUSTER%',
  upstream_host: '%UPSTREAM_HOST%',
  attempts: '%UPSTREAM_REQUEST_ATTEMPT_COUNT%',
  transport_failure: '%UPSTREAM_TRANSPORT_FAILURE_REASON%',
  authority: '%REQ(:AUTHORITY)%',
  path: '%REQ(:PATH)%',
  original_path: '%REQ(X-ENVOY-ORIGINAL-PATH)%',
  bytes_received: '%BYTES_RECEIVED%',
  bytes_sent: '%BYTES_SENT%',
  filter_chain: '%FILTER_CHAIN_NAME%',
  remote: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
  sni: '%REQUESTED_SERVER_NAME%',
};

function instrument(config, log) {
  const bootstrap = YAML.parse(config) ?? {};
  bootstrap.admin = { address: { socket_address: { address: ADMIN.host, port_value: ADMIN.port } } };
  const listeners = bootstrap.static_resources?.listeners ?? [];
  instrumentListeners(listeners, log);
  return bootstrap;
}

function instrumentListeners(listeners, log) {
  const add = (typed) => {
    const kind = typed?.['@type'] ?? '';
    if (!/HttpConnectionManager$|TcpProxy$/.test(kind)) return;
    typed.access_log = [
      ...(typed.access_log ?? []),
      {
        name: 'oracle',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog',
          path: log,
          log_format: { json_format: { kind: kind.endsWith('TcpProxy') ? 'tcp' : 'http', ...ACCESS_FIELDS } },
        },
      },
    ];
  };
  for (const listener of listeners) {
    for (const chain of [...(listener?.filter_chains ?? []), listener?.default_filter_chain].filter(Boolean)) {
      for (const filter of chain.filters ?? []) add(filter.typed_config);
    }
  }
}

/** A file with listeners for a file-based LDS gets the oracle's access log too. */
function instrumentFile(content, log) {
  if (!content.includes('envoy.config.listener.v3.Listener')) return content;
  try {
    const response = YAML.parse(content);
    instrumentListeners(response.resources ?? [], log);
    return JSON.stringify(response);
  } catch {
    return content;
  } // a file that is broken on purpose
}

class Envoy {
  async start(bootstrap, dir, extra = []) {
    writeFileSync(join(dir, 'envoy.yaml'), JSON.stringify(bootstrap)); // as JSON, in which a text like "on" stays a text
    this.log = join(dir, 'envoy.log');
    this.process = spawn(
      ENVOY,
      [
        '-c',
        'envoy.yaml',
        '--use-dynamic-base-id',
        '--concurrency',
        '1',
        '--file-flush-interval-msec',
        '20',
        '--drain-time-s',
        '1',
        '--parent-shutdown-time-s',
        '2',
        '-l',
        'warning',
        '--log-path',
        this.log,
        ...extra,
      ],
      { cwd: dir, stdio: 'ignore' },
    );
    this.exited = new Promise((done) =>
      this.process.once('exit', (code) => {
        this.code = code ?? 1;
        done();
      }),
    );
    for (let i = 0; i < 400; i++) {
      if (this.code !== undefined)
        throw new Error(`Envoy ended with ${this.code}: ${readFileSync(this.log, 'utf8').slice(-1500)}`);
      const ready = await admin('/ready').catch(() => undefined);
      if (ready?.status === 200) return;
      await sleep(25);
    }
    throw new Error('Envoy was not ready in 10 s');
  }

  async stop() {
    if (!this.process || this.code !== undefined) return;
    this.process.kill('SIGKILL');
    await this.exited;
  }
}

function admin(path, method = 'GET') {
  return new Promise((done, fail) => {
    http
      .request({ ...ADMIN, path, method, agent: false }, (response) => {
        const chunks = [];
        response.on('data', (chunk) => chunks.push(chunk));
        response.on('end', () => done({ status: response.statusCode, body: Buffer.concat(chunks).toString() }));
      })
      .on('error', fail)
      .end();
  });
}

// ---------------------------------------------------------------- client

const address = (to) => ({ host: to.slice(0, to.lastIndexOf(':')), port: Number(to.slice(to.lastIndexOf(':') + 1)) });

function send(request, dir) {
  if (request.raw !== undefined) return sendRaw(request, dir);
  return (request.protocol === 'http2' ? sendHttp2 : sendHttp1)(request, dir);
}

function tlsOptions(spec, dir) {
  if (!spec) return {};
  const read = (file) => readFileSync(join(dir, file));
  return {
    servername: spec.sni,
    rejectUnauthorized: false,
    ALPNProtocols: spec.alpn,
    ...(spec.max_version ? { maxVersion: spec.max_version } : {}),
    ...(spec.cert ? { cert: read(spec.cert), key: read(spec.key) } : {}),
    ...(spec.ca ? { ca: read(spec.ca) } : {}),
  };
}

const tlsFacts = (socket) => ({
  cn: socket.getPeerCertificate?.()?.subject?.CN,
  alpn: socket.alpnProtocol || undefined,
});

function sendHttp1(request, dir) {
  const { host, port } = address(request.to);
  return new Promise((done) => {
    const headers = [];
    if (request.authority !== null) headers.push('host', request.authority ?? 'example.com');
    for (const [name, value] of request.headers ?? []) headers.push(name, value);
    const body = request.body_size ? 'x'.repeat(request.body_size) : request.body;
    if (body !== undefined && !(request.headers ?? []).some(([n]) => /^(content-length|transfer-encoding)$/i.test(n)))
      headers.push('content-length', String(Buffer.byteLength(body)));
    const connect = request.tls
      ? () => tls.connect({ host, port, localAddress: request.from, ...tlsOptions(request.tls, dir) })
      : () => net.connect({ host, port, localAddress: request.from });
    const agent = new http.Agent({ keepAlive: false });
    agent.createConnection = connect;
    const client = http.request({
      method: request.method ?? 'GET',
      path: request.path ?? '/',
      headers,
      setHost: false,
      agent,
      insecureHTTPParser: true,
    });
    const result = {};
    client.on('response', (response) => {
      if (request.tls) result.tls = tlsFacts(response.socket);
      result.status = response.statusCode;
      result.headers = pairs(response.rawHeaders).filter(
        ([name]) => !['connection', 'keep-alive', 'transfer-encoding'].includes(name),
      );
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('error', () => {
        result.reset = true;
      });
      response.on('close', () => {
        result.body = Buffer.concat(chunks).toString('latin1');
        if (Object.keys(response.trailers).length) result.trailers = pairs(response.rawTrailers);
        if (!response.complete) result.reset = true;
        client.destroy();
        done(result);
      });
    });
    client.on('upgrade', (response, socket) => {
      result.status = response.statusCode;
      result.headers = pairs(response.rawHeaders);
      socket.destroy();
      done(result);
    });
    client.on('error', (error) => {
      if (result.status === undefined) done({ failed: error.code ?? 'error' });
    });
    if (request.abort_after_ms)
      setTimeout(() => {
        client.destroy();
        done({ failed: 'client_abort' });
      }, request.abort_after_ms);
    if (request.chunks) {
      (async () => {
        for (const chunk of request.chunks) {
          client.write(chunk);
          await sleep(20);
        }
        client.end();
      })();
    } else client.end(body);
  });
}

function sendHttp2(request, dir) {
  const { host, port } = address(request.to);
  return new Promise((done) => {
    const session = http2.connect(
      `${request.tls ? 'https' : 'http'}://${host}:${port}`,
      request.tls
        ? { ...tlsOptions(request.tls, dir), ALPNProtocols: request.tls.alpn ?? ['h2'] }
        : { localAddress: request.from },
    );
    session.on('error', (error) => done({ failed: error.code ?? 'error' }));
    const body = request.body_size ? 'x'.repeat(request.body_size) : request.body;
    const headers = {
      ':method': request.method ?? 'GET',
      ':path': request.path ?? '/',
      ':scheme': request.tls ? 'https' : 'http',
      ':authority': request.authority ?? 'example.com',
    };
    for (const [name, value] of request.headers ?? [])
      headers[name] = name in headers ? [].concat(headers[name], value) : value;
    const stream = session.request(headers, {
      endStream: body === undefined && !request.trailers,
      waitForTrailers: !!request.trailers,
    });
    const result = {};
    const chunks = [];
    stream.on('response', (got) => {
      if (request.tls) result.tls = tlsFacts(session.socket);
      result.status = got[':status'];
      result.headers = Object.entries(got)
        .filter(([n]) => !n.startsWith(':'))
        .flatMap(([n, v]) => [].concat(v).map((one) => [n, String(one)]));
    });
    stream.on('trailers', (got) => {
      result.trailers = Object.entries(got).map(([n, v]) => [n, String(v)]);
    });
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.on('error', () => {
      result.reset = true;
    });
    stream.on('wantTrailers', () => stream.sendTrailers(Object.fromEntries(request.trailers)));
    stream.on('close', () => {
      result.body = Buffer.concat(chunks).toString('latin1');
      session.close();
      session.destroy();
      done(result.status === undefined ? { failed: 'reset' } : result);
    });
    if (request.abort_after_ms)
      setTimeout(() => {
        stream.close(http2.constants.NGHTTP2_CANCEL);
      }, request.abort_after_ms);
    if (body !== undefined || request.trailers) stream.end(body);
  });
}

function sendRaw(request, dir) {
  const { host, port } = address(request.to);
  return new Promise((done) => {
    let text = '';
    const socket = request.tls
      ? tls.connect({ host, port, ...tlsOptions(request.tls, dir) })
      : net.connect({ host, port, localAddress: request.from });
    socket.setEncoding('latin1');
    socket.on('data', (data) => {
      text += data;
    });
    socket.on('error', () => {});
    const finish = () => {
      socket.destroy();
      done({ raw: normaliseText(text) });
    };
    socket.on('close', finish);
    setTimeout(finish, request.listen_ms ?? 400);
    socket.write(request.raw.replace(/\r?\n/g, '\r\n'));
  });
}

// ---------------------------------------------------------------- what varies from run to run

const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const VOLATILE = {
  date: '<date>',
  'x-request-id': '<uuid>',
  'x-envoy-upstream-service-time': '<ms>',
  'x-b3-traceid': '<id>',
  'x-b3-spanid': '<id>',
};
const normaliseText = (text) =>
  text
    .replace(UUID, '<uuid>')
    .replace(/(\r\ndate: )[^\r]+/gi, '$1<date>')
    .replace(/(x-envoy-upstream-service-time: )\d+/gi, '$1<ms>');

/** The machine's own address, which Envoy writes into x-forwarded-for of a request that it makes up itself (a mirror). */
const OWN_ADDRESS = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address;

/** The ids of a traceparent that Envoy wrote become <id>, but a trace id that the client gave, and the flags, stay. */
const traceParent = (value, own) =>
  value.replace(
    /^(..)-(\w{32})-\w{16}-/,
    (_, version, trace) => `${version}-${own?.includes(trace) ? trace : '<id>'}-<id>-`,
  );

/** Headers that the client itself sent keep their value even where Envoy would make one up. */
function normaliseHeaders(headers, own = [], retried = false) {
  const kept = new Map(own.map(([n, v]) => [n.toLowerCase(), v]));
  return headers?.map(([name, value]) => {
    if (name === 'x-forwarded-for' && OWN_ADDRESS) return [name, value.replaceAll(OWN_ADDRESS, '<own-address>')];
    if (name === 'x-forwarded-client-cert') return [name, value.replace(/Hash=[0-9a-f]{64}/g, 'Hash=<hash>')];
    if (name === 'b3' && kept.get(name) !== value)
      return [name, value.replace(/\w{16,32}/g, (id) => (kept.get(name)?.includes(id) ? id : '<id>'))];
    if (name === 'traceparent' && kept.get(name) !== value) return [name, traceParent(value, kept.get(name))];
    if (retried && name === 'x-envoy-expected-rq-timeout-ms') return [name, '<ms>']; // what is left of the time
    return VOLATILE[name] && kept.get(name) !== value ? [name, VOLATILE[name]] : [name, value];
  });
}

const UNSTABLE_STATS =
  /_ms$|bytes|\bmemory|_length|cx_active|cx_max|version|live|uptime|workers|hot_restart|^server\.|^runtime\.|filesystem\.|^main_thread|^listener_manager\.|^dns\.|^access_logs|^overload|^thread_local|^tls_|^vhost.*_time|worker_\d|admin|oracle/;

async function stats() {
  const { body } = await admin('/stats?format=json&usedonly');
  const out = {};
  for (const one of JSON.parse(body).stats ?? []) {
    if (typeof one.value !== 'number' || !one.name || UNSTABLE_STATS.test(one.name)) continue;
    out[one.name] = one.value;
  }
  return out;
}

const changed = (before, after) =>
  Object.fromEntries(
    Object.entries(after)
      .filter(([name, value]) => value !== (before[name] ?? 0))
      .map(([name, value]) => [name, value - (before[name] ?? 0)])
      .sort(),
  );

// ---------------------------------------------------------------- a scenario

function makeFiles(dir, files = {}) {
  for (const [name, given] of Object.entries(files)) {
    const content = instrumentFile(given, join(dir, 'access.log'));
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    // Envoy watches a directory for moves, so a file is always put in place by a rename.
    writeFileSync(join(dir, `${name}.new`), content);
    renameSync(join(dir, `${name}.new`), join(dir, name));
  }
}

/** `certificates`: {NAME: {cn, sans, ca?}} -> certs/NAME.pem and certs/NAME.key, made afresh at each recording. */
function makeCertificates(dir, certificates = {}) {
  if (!Object.keys(certificates).length) return;
  mkdirSync(join(dir, 'certs'), { recursive: true });
  const openssl = (args) => {
    const run = spawnSync('openssl', args, { cwd: join(dir, 'certs'), encoding: 'utf8' });
    if (run.status !== 0) throw new Error(`openssl ${args.join(' ')}: ${run.stderr}`);
  };
  for (const [name, spec] of Object.entries(certificates)) {
    const subject = `/CN=${spec.cn ?? name}`;
    if (spec.is_ca) {
      openssl([
        'req',
        '-x509',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-days',
        '3',
        '-subj',
        subject,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
      ]);
      continue;
    }
    writeFileSync(
      join(dir, 'certs', `${name}.ext`),
      `subjectAltName=${(spec.sans ?? [`DNS:${spec.cn ?? name}`]).join(',')}\n`,
    );
    openssl([
      'req',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-subj',
      subject,
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
    ]);
    const days = String(spec.days ?? 3);
    openssl([
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-days',
      days,
      '-extfile',
      `${name}.ext`,
      '-out',
      `${name}.pem`,
      ...(spec.ca
        ? ['-CA', `${spec.ca}.pem`, '-CAkey', `${spec.ca}.key`, '-CAcreateserial']
        : ['-signkey', `${name}.key`]),
    ]);
  }
}

async function validate(scenario, dir) {
  writeFileSync(join(dir, 'envoy.yaml'), scenario.config);
  const run = spawnSync(ENVOY, ['--mode', 'validate', '-c', 'envoy.yaml', '-l', 'error'], {
    cwd: dir,
    encoding: 'utf8',
  });
  const text = `${run.stdout}${run.stderr}`
    .split('\n')
    .map((line) => line.replace(/^\[\d{4}-[^\]]*\]\[\d+\]\[\w+\]\[\w+\] (\[[^\]]*\] )?/, ''))
    .filter(Boolean)
    .join('\n');
  return { ok: run.status === 0, ...(run.status === 0 ? {} : { error: text.trim().replaceAll(dir, '.') }) };
}

async function record(file, out) {
  const scenario = YAML.parse(readFileSync(file, 'utf8'));
  const name = basename(file).replace(/(\.scenario\.yaml|\.json)$/, '');
  const dir = mkdtempSync(join(tmpdir(), 'oracle-'));
  const vector = {
    name,
    kind: scenario.kind ?? 'envoy',
    envoy: VERSION,
    area: scenario.area,
    about: scenario.about,
    config: scenario.config,
  };
  for (const key of ['files', 'certificates', 'mentions', 'node', 'interchangeable', 'free_stats'])
    if (scenario[key]) vector[key] = scenario[key];
  const upstreams = [];
  const envoy = new Envoy();
  try {
    makeFiles(dir, scenario.files);
    makeCertificates(dir, scenario.certificates);
    if (vector.kind === 'envoy-validate') {
      vector.expect = await validate(scenario, dir);
      if (scenario.ok !== undefined && scenario.ok !== vector.expect.ok)
        throw new Error(`the scenario said ok: ${scenario.ok}, Envoy said ${JSON.stringify(vector.expect)}`);
    } else {
      vector.upstreams = scenario.upstreams ?? [];
      for (const spec of vector.upstreams) {
        const one = makeUpstream(spec, dir);
        await one.start();
        upstreams.push(one);
      }
      const log = join(dir, 'access.log');
      writeFileSync(log, '');
      await envoy.start(
        instrument(scenario.config, log),
        dir,
        scenario.node ? ['--service-node', scenario.node.id, '--service-cluster', scenario.node.cluster ?? 'c'] : [],
      );
      if (scenario.settle_ms) await sleep(scenario.settle_ms);
      const before = await stats();
      vector.steps = [];
      for (const step of scenario.steps) vector.steps.push(await play(step, { upstreams, log, dir }));
      await sleep(60);
      vector.stats = changed(before, await stats());
    }
  } finally {
    await envoy.stop();
    for (const one of upstreams) await one.stop();
    if (!process.env.KEEP) rmSync(dir, { recursive: true, force: true });
  }
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, `${name}.json`), `${JSON.stringify(vector, null, 1)}\n`);
}

function makeUpstream(spec, dir) {
  if (spec.protocol === 'ads')
    return new AdsUpstream(spec, (resource, kind) => {
      if (kind === 'lds') instrumentListeners([resource], join(dir, 'access.log'));
      return resource;
    });
  return spec.protocol === 'grpc' ? new GrpcUpstream(spec) : new Upstream(spec, dir);
}

async function play(step, { upstreams, log, dir }) {
  if (step.wait_ms) {
    await sleep(step.wait_ms);
    return step;
  }
  if (step.write) {
    makeFiles(dir, step.write);
    await sleep(step.settle_ms ?? 300);
    return step;
  }
  if (step.upstream) {
    const one = upstreams.find((u) => u.name === step.upstream);
    if (!one) throw new Error(`no upstream ${step.upstream}`);
    if (step.replies) {
      one.replies = step.replies;
      one.played = 0;
    }
    if (step.health) one.spec = { ...one.spec, health: step.health };
    if (step.down) {
      await one.stop();
      one.spec = { ...one.spec, refuse: true };
    }
    if (step.up) {
      one.spec = { ...one.spec, refuse: false };
      await one.start();
    }
    return step;
  }
  if (step.ads) {
    // what a management server is told, after it has been given new resources (`set`)
    const one = upstreams.find((u) => u.name === step.ads);
    if (step.set) await one.set(step.set);
    await sleep(step.settle_ms ?? 300);
    return { ...step, expect: { xds: one.taken() } };
  }
  if (step.log) {
    // a file that the scenario's own access logger writes
    await sleep(step.settle_ms ?? 150);
    const mask = (line) =>
      (step.mask ?? []).reduce(
        (text, one) => text.replace(new RegExp(one, 'g'), '<masked>'),
        line.replace(UUID, '<uuid>').replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>'),
      );
    return {
      ...step,
      expect: {
        lines: (existsSync(join(dir, step.log)) ? readFileSync(join(dir, step.log), 'utf8') : '')
          .split('\n')
          .filter(Boolean)
          .map(mask),
      },
    };
  }
  if (step.admin) {
    const got = await admin(step.admin, step.method ?? 'GET');
    const lines = got.body.split('\n').filter((line) => (step.grep ? new RegExp(step.grep).test(line) : true));
    return {
      ...step,
      expect: {
        status: got.status,
        ...(step.grep ? { lines: lines.sort() } : {}),
        ...(step.pick ? { picked: step.pick.map((path) => [path, pick(JSON.parse(got.body), path)]) } : {}),
      },
    };
  }
  if (step.parallel) {
    for (const one of upstreams) one.seen.length = 0;
    const already = readFileSync(log, 'utf8').length;
    const results = await Promise.all(
      step.parallel.map(async (request) => {
        if (request.after_ms) await sleep(request.after_ms);
        return send(request, dir);
      }),
    );
    const access = await accessLines(log, already, step.access_lines ?? step.parallel.length);
    return {
      ...step,
      expect: {
        responses: results.map(tidy),
        upstream_count: upstreams.reduce((n, u) => n + u.seen.length, 0),
        access: access
          .map(({ flags, code, details }) => ({ flags, code, details }))
          .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)),
      },
    };
  }
  const request = step.request;
  if (!request)
    throw new Error(
      `a step that is none of request, parallel, wait_ms, write, upstream, admin: ${JSON.stringify(step)}`,
    );
  const already = readFileSync(log, 'utf8').length;
  if (step.repeat) {
    const counts = {};
    const count = (key) => {
      counts[key] = (counts[key] ?? 0) + 1;
    };
    for (let i = 0; i < step.repeat; i++) {
      for (const one of upstreams) one.seen.length = 0;
      const got = await send(request, dir);
      count(`status ${got.status ?? got.failed}`);
      for (const one of upstreams) for (let n = 0; n < one.seen.length; n++) count(`upstream ${one.name}`);
    }
    await accessLines(log, already, step.access_lines ?? step.repeat);
    return { ...step, expect: { counts: Object.fromEntries(Object.entries(counts).sort()) } };
  }
  for (const one of upstreams) one.seen.length = 0;
  const result = await send(request, dir);
  const access = await accessLines(log, already, step.access_lines ?? 1);
  const seen = upstreams
    .flatMap((one) => one.seen)
    .sort((a, b) => (step.any_order ? a.upstream.localeCompare(b.upstream) : 0) || a.at - b.at)
    .map(({ at, ...got }, attempt) =>
      got.headers
        ? { ...got, headers: normaliseHeaders(got.headers, request.headers, attempt > 0) }
        : got.tcp
          ? { ...got, tcp: got.tcp.replace(UUID, '<uuid>') }
          : got,
    );
  return { ...step, expect: { response: tidy(result), upstream: seen, access } };
}

const tidy = (result) => ({ ...result, ...(result.headers ? { headers: normaliseHeaders(result.headers, []) } : {}) });

async function accessLines(log, already, wanted) {
  for (let i = 0; i < 120; i++) {
    const lines = readFileSync(log, 'utf8').slice(already).split('\n').filter(Boolean);
    if (lines.length >= wanted)
      return lines.map((line) =>
        Object.fromEntries(
          Object.entries(JSON.parse(line))
            .filter(([, value]) => value !== null)
            .map(([k, v]) => [k, typeof v === 'string' ? v.replace(UUID, '<uuid>') : v]),
        ),
      );
    await sleep(20);
  }
  return [];
}

/** A dotted path into JSON; a number or `*` goes into an array: `cluster_statuses.*.name`. */
function pick(value, path) {
  let now = [value];
  for (const part of path.split('.')) {
    now = now.flatMap((one) =>
      one === undefined || one === null ? [] : part === '*' ? Object.values(one) : [one[part]],
    );
  }
  return now.filter((one) => one !== undefined);
}

// ---------------------------------------------------------------- main

const args = process.argv.slice(2);
const out = args[0] === '--out' ? args.splice(0, 2)[1] : '.';
const VERSION = /\/(\d+\.\d+\.\d+)\/(?:Clean|Modified)\//.exec(
  spawnSync(ENVOY, ['--version'], { encoding: 'utf8' }).stdout ?? '',
)?.[1];
if (!VERSION || !args.length) {
  console.error(VERSION ? 'usage: record.mjs --out OUT scenario.yaml…' : `no Envoy at ${ENVOY}: set ENVOY`);
  process.exit(2);
}
let failed = 0;
for (const file of args) {
  try {
    await record(file, out);
    console.log(`recorded ${basename(file)}`);
  } catch (error) {
    failed++;
    console.log(`FAILED ${basename(file)}: ${error.message}`);
  }
}
console.log(`${args.length - failed} recorded, ${failed} failed`);
process.exit(failed ? 1 : 0);
