import { durationMs } from '#api';
import type { ConfigNode } from '../config_node.ts';
import { bytesOfBase64 } from '../matching/base64.ts';
import { compileStringMatcher } from '../router/string_matcher.ts';
import type { HealthAnswer, HealthQuestion } from '../seams.ts';
import type { Host } from './host.ts';

export type Outcome = 'pass' | 'degraded' | 'retriable' | 'fail' | 'network' | 'timeout';

const DEFAULT_BUFFER = 1024;

/** What one health check asks of a host, and what it makes of the answer: health_checkers/{http,tcp,grpc}. */
export class HealthProbe {
  readonly timeoutMs: number;
  readonly #kind: HealthQuestion['kind'];
  readonly #http: ConfigNode | undefined;
  readonly #isHttp2: boolean;
  readonly #sends: string;
  /** Texts that have to come, in this order. */
  readonly #receives: readonly string[];
  readonly #bufferSize: number;
  readonly #wrongService: ((name: string) => string | undefined) | undefined;

  constructor(node: ConfigNode, isHttp2: boolean) {
    const tcp = node.child('tcp_health_check');
    this.#http = node.child('http_health_check');
    this.#kind = tcp ? 'tcp' : node.has('grpc_health_check') ? 'grpc' : 'http';
    this.timeoutMs = durationMs(node.text('timeout')) ?? 0;
    const codec = this.#http?.text('codec_client_type') ?? 'HTTP1';
    this.#isHttp2 = this.#kind === 'grpc' ? isHttp2 : codec === 'HTTP2';
    this.#sends = payload(tcp?.child('send'));
    this.#receives = (tcp ?? this.#http)?.list('receive').map(payload) ?? [];
    this.#bufferSize = this.#http?.number('response_buffer_size') ?? DEFAULT_BUFFER;
    const service = this.#http?.child('service_name_matcher');
    this.#wrongService = service && compileStringMatcher(service);
  }

  get isHttp(): boolean {
    return this.#kind === 'http';
  }

  isDisabled(host: Host): boolean {
    return configOf(host)?.flag('disable_active_health_check') === true;
  }

  questionFor(host: Host): HealthQuestion {
    return {
      address: addressOf(host),
      kind: this.#kind,
      isHttp2: this.#isHttp2,
      sends: this.#sends,
      waits: this.#receives.length > 0,
    };
  }

  /** `isVerified`: the name of the service was looked at. */
  judge(answer: HealthAnswer): { readonly outcome: Outcome; readonly isVerified: boolean } {
    const plain = (outcome: Outcome): { outcome: Outcome; isVerified: boolean } => ({ outcome, isVerified: false });
    if (this.#kind === 'grpc') return plain(answer.serving === true ? 'pass' : 'fail');
    // Of other texts nothing comes of, and more may come: the time runs out.
    if (this.#kind === 'tcp') return plain(this.#hasAll(answer.body) ? 'pass' : 'timeout');
    const unexpected = this.#unexpected(answer.status);
    if (unexpected !== undefined) return plain(unexpected);
    if (!this.#hasAll(answer.body.slice(0, this.#bufferSize))) return plain('fail');
    const name = answer.headers.get('x-envoy-upstream-healthchecked-cluster') ?? '';
    if (this.#wrongService?.(name) !== undefined) return { outcome: 'fail', isVerified: true };
    const outcome = answer.headers.has('x-envoy-degraded') ? 'degraded' : 'pass';
    return { outcome, isVerified: this.#wrongService !== undefined };
  }

  #unexpected(status: number): 'retriable' | 'fail' | undefined {
    const expected = this.#http?.list('expected_statuses') ?? [];
    if (expected.length === 0 ? status === 200 : isInRanges(status, expected)) return undefined;
    return isInRanges(status, this.#http?.list('retriable_statuses') ?? []) ? 'retriable' : 'fail';
  }

  #hasAll(text: string): boolean {
    let from = 0;
    return this.#receives.every((wanted) => {
      const at = text.indexOf(wanted, from);
      from = at + wanted.length;
      return at >= 0;
    });
  }
}

const configOf = ({ node }: Host): ConfigNode | undefined => node.child('endpoint')?.child('health_check_config');

/** The endpoint's own address, or the port and address that its `health_check_config` names. */
function addressOf(host: Host): string {
  const config = configOf(host);
  const colon = host.address.lastIndexOf(':');
  const ip = config?.child('address')?.child('socket_address')?.text('address') ?? host.address.slice(0, colon);
  const port = config?.number('port_value') ?? 0;
  return `${ip}:${port === 0 ? host.address.slice(colon + 1) : port}`;
}

/** `HealthCheck.Payload`: hexadecimal digits, or bytes in base64. */
function payload(node: ConfigNode | undefined): string {
  const binary = node?.text('binary');
  if (binary !== undefined) return String.fromCharCode(...(bytesOfBase64(binary) ?? []));
  return (node?.text('text') ?? '').replace(/../g, (two) => String.fromCharCode(parseInt(two, 16)));
}

const isInRanges = (status: number, ranges: readonly ConfigNode[]): boolean =>
  ranges.some((range) => status >= (range.number('start') ?? 0) && status < (range.number('end') ?? 0));
