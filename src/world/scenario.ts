import type { Json, JsonObject } from '#api';
import type { Diagnostic } from '#source';
import type { TraceRecord } from '#envoy';
import type { ResourceSets } from '#xds';
import type { SeenXds } from './ads_upstream.ts';

export interface RequestSpec {
  readonly to: string;
  readonly from?: string;
  readonly protocol?: 'http1' | 'http2';
  readonly method?: string;
  readonly path?: string;
  /** `null`: no Host at all. */
  readonly authority?: string | null;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly tls?: {
    readonly sni?: string;
    readonly alpn?: readonly string[];
    readonly cert?: string;
    readonly max_version?: string;
  };
  readonly body_size?: number;
  readonly chunks?: readonly string[];
  readonly raw?: string;
  /** How long a client of `raw` bytes stays. */
  readonly listen_ms?: number;
  /** The client goes away after this time. */
  readonly abort_after_ms?: number;
  readonly trailers?: readonly (readonly [string, string])[];
}

export interface ReplySpec {
  readonly status?: number;
  readonly headers?: readonly (readonly [string, string])[];
  readonly body?: string;
  readonly body_size?: number;
  readonly delay_ms?: number;
  /** False: without a body of its own it answers with none, in place of its name. */
  readonly say_name?: boolean;
  /** Of a `tcp` upstream: at the start, back what comes, in answer to each piece, and when it closes. */
  readonly greeting?: string;
  readonly echo?: boolean;
  readonly send?: string;
  readonly close?: 'at_once' | 'after_data';
  readonly trailers?: readonly (readonly [string, string])[];
  readonly never?: boolean;
  /** False: it answers before the body has come. */
  readonly wait_for_body?: boolean;
  readonly reset?: 'at_once' | 'before_headers' | 'after_headers';
  /** Of a `grpc` upstream: messages of Envoy's API as JSON, of any other service as their bytes. */
  readonly message?: JsonObject;
  readonly messages?: readonly (JsonObject | string)[];
  readonly text?: string;
  readonly grpc_status?: number;
  readonly grpc_message?: string;
  /** The status comes with the headers, and nothing after them. */
  readonly trailers_only?: boolean;
  /** The answer to each kind of message of a stream, or `{grpc_status}` to end it. */
  readonly on?: Readonly<Record<string, JsonObject>>;
}

export interface UpstreamSpec {
  readonly name: string;
  readonly address: string;
  readonly protocol?: 'http1' | 'http2' | 'tcp' | 'grpc' | 'ads';
  readonly refuse?: boolean;
  /** It speaks TLS: files of its certificate and of the CA that a client's has to come from. */
  readonly tls?: { readonly cert: string; readonly ca?: string; readonly alpn?: readonly string[] };
  /** What it says to health checks; of a gRPC service only whether it is SERVING. */
  readonly health?:
    | string
    | {
        readonly status?: number;
        readonly headers?: readonly (readonly [string, string])[];
        readonly body?: string;
      };
  readonly replies?: readonly ReplySpec[];
  /** What an `ads` upstream serves, by type. */
  readonly resources?: ResourceSets;
  readonly when?: readonly (ReplySpec & { readonly path?: string; readonly header?: readonly [string, string] })[];
}

/** A step of the conformance format; kinds other than a request are carried along and not played yet. */
export interface Step {
  readonly request?: RequestSpec;
  readonly repeat?: number;
  readonly wait_ms?: number;
  /** Requests under way at the same time, each after its own wait. */
  readonly parallel?: readonly (RequestSpec & { readonly after_ms?: number })[];
  /** A request to the admin interface, with the lines or values that are looked at. */
  readonly admin?: string;
  readonly method?: string;
  readonly grep?: string;
  readonly pick?: readonly string[];
  /** The name of an upstream that changes. */
  readonly upstream?: string;
  readonly replies?: readonly ReplySpec[];
  readonly health?: UpstreamSpec['health'];
  readonly down?: boolean;
  readonly up?: boolean;
  /** What upstreams got is listed by their names, not by when it came. */
  readonly any_order?: boolean;
  /** The name of a management server: what it was asked since the last such step, after it was given `set`. */
  readonly ads?: string;
  readonly set?: ResourceSets;
  /** Files that change, by name. */
  readonly write?: Readonly<Record<string, string>>;
  /** Time after the step. */
  readonly settle_ms?: number;
  /** A file of the scenario's own access logger, with what is masked in its lines. */
  readonly log?: string;
  readonly mask?: readonly string[];
}

/** A certificate as facts: `certs/NAME.pem`. */
export interface CertificateSpec {
  readonly cn?: string;
  readonly sans?: readonly string[];
  readonly ca?: string;
  readonly is_ca?: boolean;
  readonly days?: number;
}

export interface Scenario {
  readonly config: string;
  readonly upstreams: readonly UpstreamSpec[];
  /** Other files by name, as a path in the config sees them. */
  readonly files?: Readonly<Record<string, string>>;
  /** Which proxy this is, by its command line. */
  readonly node?: { readonly id: string; readonly cluster?: string };
  readonly certificates?: Readonly<Record<string, CertificateSpec>>;
  /** Time before the first step. */
  readonly settle_ms?: number;
  readonly steps: readonly Step[];
}

export interface ScenarioOutcome {
  readonly steps: readonly (Step & { readonly expect?: StepResult })[];
  /** What moved since the start; empty unless it was asked for. */
  readonly stats: Readonly<Record<string, number>>;
  readonly trace: readonly TraceRecord[];
  /** For each step, how many records there were when it ended. */
  readonly traceEnds: readonly number[];
  readonly diagnostics: readonly Diagnostic[];
}

export interface StepResult {
  readonly status?: number;
  readonly picked?: readonly (readonly [string, unknown])[];
  readonly lines?: readonly string[];
  readonly response?: {
    readonly reset?: true;
    readonly trailers?: [string, string][];
    readonly status?: number;
    readonly headers?: [string, string][];
    readonly body?: string;
    readonly failed?: string;
    readonly raw?: string;
    readonly tls?: { readonly cn?: string; readonly alpn?: string };
  };
  readonly upstream?: readonly SeenRequest[];
  readonly access?: readonly Record<string, string | number>[];
  readonly responses?: readonly StepResult['response'][];
  readonly upstream_count?: number;
  readonly counts?: Readonly<Record<string, number>>;
  readonly xds?: readonly SeenXds[];
}

export interface SeenRequest {
  /** The bytes that a `tcp` upstream got, in place of what follows. */
  readonly tcp?: string;
  readonly upstream: string;
  /** What an upstream with TLS knows of it. */
  readonly tls?: { readonly sni?: string; readonly alpn?: string; readonly client?: string };
  readonly method?: string;
  readonly path?: string;
  readonly headers?: [string, string][];
  readonly body?: string;
  /** The messages that a `grpc` upstream got, in place of a body. */
  readonly grpc?: Json[];
}
