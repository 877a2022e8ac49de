import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { GrpcClient } from '../../../../http/clients.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import { bytesOfBase64 } from '../../../../matching/base64.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { modeOf, type ExtProcConfig, type ExtProcPerRoute, type ProcessingMode } from './config.ts';
import { bodyMessage, requestHeadersMessage, responseHeadersMessage } from './messages.ts';
import { applyHeaderMutation, type Mutated } from './header_mutation.ts';
import { ProcessorStream, type ProcessorAnswer } from './processor_stream.ts';

const NAMESPACE = 'envoy.filters.http.ext_proc';

/** One question to the processor, and what is done with its answer. */
interface Step {
  readonly message: JsonObject;
  readonly kind: 'request_headers' | 'request_body' | 'response_headers' | 'response_body';
  readonly apply: (common: ConfigNode | undefined) => void;
}

/** Shows requests and responses to a processor that may change or answer them: ext_proc/ext_proc.cc. */
export class ExtProcFilter implements HttpFilter {
  readonly #config: ExtProcConfig;
  readonly #callbacks: FilterCallbacks;
  readonly #allowsFailure: boolean;
  #mode: ProcessingMode;
  readonly #stream: ProcessorStream | undefined;
  /** Nothing more is asked: it has answered by itself, failed, or gone. */
  #isComplete = false;

  constructor(
    config: ExtProcConfig,
    perRoute: ExtProcPerRoute | undefined,
    client: GrpcClient,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#callbacks = callbacks;
    this.#mode = perRoute?.mode ?? config.mode;
    this.#allowsFailure = perRoute?.allowsFailure ?? config.allowsFailure;
    const service = perRoute?.service ?? config.service;
    if (service) this.#stream = new ProcessorStream(config, service, this.#mode, client, callbacks);
    this.#isComplete = perRoute?.isDisabled === true || service === undefined;
  }

  decode(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    const hasBody = requestBody !== '';
    if (this.#isComplete) return 'continue';
    if (this.#mode.requestHeaders)
      return this.#ask(
        {
          message: requestHeadersMessage(request, !hasBody),
          kind: 'request_headers',
          apply: (common) => {
            this.#changeHeaders(common, request);
            if (common?.text('status') === 'CONTINUE_AND_REPLACE') this.#replaceRequestBody(common);
            else if (this.#decodeBody() === 'stop_iteration') return;
            this.#callbacks.continueDecoding();
          },
        },
        'decode',
      );
    return this.#decodeBody();
  }

  #decodeBody(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    const { requestBody: mode, requestHeaders } = this.#mode;
    if (this.#isComplete || mode === 'NONE' || requestBody === '') return 'continue';
    this.#callbacks.readBody();
    if (mode !== 'BUFFERED' || !requestHeaders) request.remove('content-length');
    return this.#ask(
      {
        message: bodyMessage('requestBody', requestBody, true),
        kind: 'request_body',
        apply: (common) => {
          this.#changeHeaders(common, request);
          if (this.#refusesLength(common, request)) return;
          this.#replaceRequestBody(common);
          this.#callbacks.continueDecoding();
        },
      },
      'decode',
    );
  }

  /** A new body has to be as long as the headers have said: mutation_utils.cc, handleBodyMutations. */
  #refusesLength(common: ConfigNode | undefined, headers: HeaderMap): boolean {
    const body = mutatedBody(common);
    const length = headers.get('content-length');
    if (body === undefined || length === undefined || Number(length) === body.length) return false;
    this.#isComplete = true;
    this.#config.counters.immediate_responses_sent.inc();
    this.#callbacks.sendLocalReply({
      status: 500,
      details: 'mismatch_between_content_length_and_the_length_of_the_mutated_body',
    });
    return true;
  }

  #replaceRequestBody(common: ConfigNode | undefined): void {
    const body = mutatedBody(common);
    if (body === undefined) return;
    const { request } = this.#callbacks;
    this.#callbacks.requestBody = body;
    if (request.has('content-length')) request.set('content-length', String(body.length));
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    if (this.#isComplete || this.#stream?.isOver) return response;
    if (!this.#mode.responseHeaders) return this.#encodeBody(response);
    const status = this.#ask(
      {
        message: responseHeadersMessage(response.headers, response.status, response.body === ''),
        kind: 'response_headers',
        apply: (common) => {
          const changed = this.#changedResponse(common, response);
          const replaces = common?.text('status') === 'CONTINUE_AND_REPLACE';
          const next = replaces ? replacedBody(common, changed) : this.#encodeBody(changed);
          if (next !== 'stop_iteration') this.#callbacks.continueEncoding(next);
        },
      },
      'encode',
      response,
    );
    return status === 'continue' ? response : status;
  }

  #encodeBody(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const { responseBody: mode, responseHeaders } = this.#mode;
    if (this.#isComplete || mode === 'NONE' || response.body === '') return response;
    if (mode !== 'BUFFERED' || !responseHeaders) response.headers.remove('content-length');
    const status = this.#ask(
      {
        message: bodyMessage('responseBody', response.body, response.trailers === undefined),
        kind: 'response_body',
        apply: (common) => {
          const changed = this.#changedResponse(common, response);
          if (this.#refusesLength(common, changed.headers)) return;
          this.#callbacks.continueEncoding(replacedBody(common, changed));
        },
      },
      'encode',
      response,
    );
    return status === 'continue' ? response : status;
  }

  onDestroy(): void {
    this.#isComplete = true;
    this.#stream?.close();
  }

  #ask(step: Step, direction: 'decode' | 'encode', response?: HttpResponse): FilterStatus {
    if (!this.#stream || this.#stream.isOver) return 'continue';
    this.#stream.ask(step.message, (answer) => this.#onAnswer(step, answer, direction, response));
    return 'stop_iteration';
  }

  #onAnswer(step: Step, answer: ProcessorAnswer, direction: 'decode' | 'encode', response?: HttpResponse): void {
    if (answer.kind === 'response') return this.#onMessage(step, answer.message);
    if (answer.kind === 'closed') return this.#goOn(direction, response);
    this.#tell(
      'ext_proc_failed',
      'failed',
      answer.kind === 'timeout' ? 'The processor gave no answer in its time.' : 'The stream to the processor failed.',
    );
    if (this.#allowsFailure) {
      this.#config.counters.failure_mode_allowed.inc();
      return this.#goOn(direction, response);
    }
    this.#isComplete = true;
    this.#config.counters.immediate_responses_sent.inc();
    const isTimeout = answer.kind === 'timeout';
    this.#callbacks.sendLocalReply({
      status: isTimeout ? 504 : this.#config.statusOnError,
      details: isTimeout ? 'ext_proc_error_per-message_timeout_exceeded' : answer.details,
    });
  }

  #goOn(direction: 'decode' | 'encode', response: HttpResponse | undefined): void {
    this.#isComplete = true;
    if (direction === 'decode') this.#callbacks.continueDecoding();
    else if (response) this.#callbacks.continueEncoding(response);
  }

  #onMessage(step: Step, message: ConfigNode): void {
    const metadata = message.child('dynamic_metadata')?.value ?? {};
    for (const [key, value] of Object.entries(metadata)) this.#callbacks.setMetadata(NAMESPACE, key, value);
    const immediate = message.child('immediate_response');
    if (immediate) return this.#answerAtOnce(immediate);
    if (this.#config.allowsModeOverride && message.has('mode_override') && step.kind === 'request_headers')
      this.#mode = modeOf(message.child('mode_override'), this.#mode);
    const common = message.child(step.kind)?.child('response');
    this.#tell('ext_proc_answered', 'matched', `The processor answers \`${step.kind}\`.`);
    step.apply(common);
  }

  #answerAtOnce(immediate: ConfigNode): void {
    this.#isComplete = true;
    this.#config.counters.immediate_responses_sent.inc();
    const mutation = immediate.child('headers');
    const status = statusCodeOf(immediate.child('status')?.raw('code')) ?? 200;
    this.#tell('ext_proc_immediate', 'failed', `The processor answers ${status} by itself.`);
    this.#stream?.close();
    this.#callbacks.sendLocalReply({
      status,
      body: textOf(immediate.text('body')) ?? '',
      details: immediate.text('details')?.replaceAll(' ', '_') ?? '',
      mutateHeaders: (headers) => {
        if (mutation) this.#mutate(mutation, headers);
      },
    });
  }

  #changeHeaders(common: ConfigNode | undefined, headers: HeaderMap): Mutated | undefined {
    const mutation = common?.child('header_mutation');
    const mutated = mutation && this.#mutate(mutation, headers);
    const action = this.#config.routeCacheAction;
    const clears = action === 'CLEAR' || (common?.flag('clear_route_cache') === true && action === 'DEFAULT');
    if (clears && mutation) this.#callbacks.clearRouteCache();
    return mutated;
  }

  #mutate(mutation: ConfigNode, headers: HeaderMap): Mutated {
    const mutated = applyHeaderMutation(mutation, headers, this.#config.rules);
    if (mutated.rejected > 0) this.#config.counters.rejected_header_mutations.add(mutated.rejected);
    return mutated;
  }

  #changedResponse(common: ConfigNode | undefined, response: HttpResponse): HttpResponse {
    const mutation = common?.child('header_mutation');
    const status = mutation && this.#mutate(mutation, response.headers).status;
    return status === undefined ? response : { ...response, status };
  }

  #tell(kind: string, state: 'matched' | 'failed', sentence: string): void {
    this.#callbacks.trace?.record({ kind, state, because: this.#config.node.ref, sentence });
  }
}

function textOf(base64: string | undefined): string | undefined {
  const bytes = base64 === undefined ? undefined : bytesOfBase64(base64);
  return bytes && Array.from(bytes, (one) => String.fromCharCode(one)).join('');
}

/** The body that takes the place of the old one; undefined where it stays. */
function mutatedBody(common: ConfigNode | undefined): string | undefined {
  const mutation = common?.child('body_mutation');
  return mutation?.flag('clear_body') === true ? '' : textOf(mutation?.text('body'));
}

function replacedBody(common: ConfigNode | undefined, response: HttpResponse): HttpResponse {
  const body = mutatedBody(common);
  if (body === undefined) return response;
  if (response.headers.has('content-length')) response.headers.set('content-length', String(body.length));
  return { ...response, body };
}
