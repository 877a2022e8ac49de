import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { GrpcClient } from '../../../../http/clients.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { breaksLength, bytesText, mutatedBody, piecesOf, replaced, withBody } from './bodies.ts';
import { isSameMode, modeOf, type ExtProcConfig, type ExtProcPerRoute, type ProcessingMode } from './config.ts';
import { applyHeaderMutation, type Mutated } from './header_mutation.ts';
import { bodyMessage, requestHeadersMessage, responseHeadersMessage, trailersMessage } from './messages.ts';
import { ProcessorStream, type ProcessorAnswer } from './processor_stream.ts';
import { attributesMessage, metadataMessage, type ShownFacts } from './shown_facts.ts';

type Direction = 'decode' | 'encode';

/** One question to the processor, and what is done with its answer. */
interface Step {
  readonly direction: Direction;
  readonly message: JsonObject;
  readonly kind:
    | 'request_headers'
    | 'request_body'
    | 'request_trailers'
    | 'response_headers'
    | 'response_body'
    | 'response_trailers';
  /** Of a response: what goes on where the processor has nothing to say. */
  readonly response?: HttpResponse;
  /** Gets what the answer says, and goes on. */
  readonly apply: (answer: ConfigNode | undefined) => void;
}

/** Shows requests and responses to a processor that may change or answer them: ext_proc/ext_proc.cc. */
export class ExtProcFilter implements HttpFilter {
  readonly #config: ExtProcConfig;
  readonly #callbacks: FilterCallbacks;
  readonly #allowsFailure: boolean;
  readonly #shown: ShownFacts;
  #mode: ProcessingMode;
  readonly #stream: ProcessorStream | undefined;
  /** Nothing more is asked: it has answered by itself, failed, or gone. */
  #isComplete = false;
  /** Attributes go with the first message of each direction. */
  readonly #told = new Set<Direction>();

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
    this.#shown = perRoute ? { ...config.shown, ...perRoute.shown } : config.shown;
    const service = perRoute?.service ?? config.service;
    if (service) this.#stream = new ProcessorStream(config, service, this.#mode, client, callbacks);
    this.#isComplete = perRoute?.isDisabled === true || service === undefined;
  }

  decode(): FilterStatus {
    const { request, requestBody, requestTrailers } = this.#callbacks;
    if (this.#isComplete || !this.#mode.requestHeaders) return this.#decodeBody();
    return this.#ask({
      direction: 'decode',
      message: requestHeadersMessage(request, requestBody === '' && !requestTrailers, this.#shown.showsHeader),
      kind: 'request_headers',
      apply: (answer) => {
        const common = answer?.child('response');
        const replaces = common?.text('status') === 'CONTINUE_AND_REPLACE';
        if (!this.#changeHeaders(common, request, replaces)) return;
        if (replaces) this.#replaceRequest(common);
        else if (this.#decodeBody() === 'stop_iteration') return;
        this.#callbacks.continueDecoding();
      },
    });
  }

  /** The whole message is the processor's from here on: the body that the client sends is not asked about. */
  #replaceRequest(common: ConfigNode | undefined): void {
    const body = mutatedBody(common);
    if (body === undefined) return;
    this.#callbacks.request.remove('content-length');
    this.#callbacks.requestBody = body;
  }

  #decodeBody(): FilterStatus {
    const { request, requestBody } = this.#callbacks;
    const { requestBody: mode, requestHeaders } = this.#mode;
    if (this.#isComplete || mode === 'NONE' || requestBody === '') return this.#decodeTrailers();
    this.#callbacks.readBody();
    if (mode !== 'BUFFERED' || !requestHeaders) request.remove('content-length');
    if (mode === 'STREAMED') return this.#decodePieces(piecesOf(requestBody), '');
    return this.#ask({
      direction: 'decode',
      message: bodyMessage('requestBody', requestBody, !this.#callbacks.requestTrailers),
      kind: 'request_body',
      apply: (answer) => {
        const common = answer?.child('response');
        if (!this.#changeHeaders(common, request) || this.#refusesLength(common, request)) return;
        this.#setBody(mutatedBody(common) ?? requestBody);
        if (this.#decodeTrailers() === 'continue') this.#callbacks.continueDecoding();
      },
    });
  }

  #decodePieces([piece, ...rest]: readonly string[], before: string): FilterStatus {
    if (piece === undefined) {
      this.#setBody(before);
      return this.#decodeTrailers();
    }
    return this.#ask({
      direction: 'decode',
      message: bodyMessage('requestBody', piece, rest.length === 0 && !this.#callbacks.requestTrailers),
      kind: 'request_body',
      apply: (answer) => {
        const next = this.#decodePieces(rest, before + (mutatedBody(answer?.child('response')) ?? piece));
        if (next === 'continue') this.#callbacks.continueDecoding();
      },
    });
  }

  #setBody(body: string): void {
    const { request } = this.#callbacks;
    this.#callbacks.requestBody = body;
    if (body === '' && !request.has('content-length')) this.#callbacks.markChunked();
  }

  #decodeTrailers(): FilterStatus {
    const { requestTrailers } = this.#callbacks;
    if (this.#isComplete || !this.#mode.requestTrailers || !requestTrailers) return 'continue';
    return this.#ask({
      direction: 'decode',
      message: trailersMessage('requestTrailers', requestTrailers, this.#shown.showsHeader),
      kind: 'request_trailers',
      apply: (answer) => {
        if (this.#mutate(answer, requestTrailers)) this.#callbacks.continueDecoding();
      },
    });
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    if (this.#isComplete || this.#stream?.isOver) return response;
    if (!this.#mode.responseHeaders) return this.#encodeBody(response);
    const { headers, status, body, trailers } = response;
    return this.#askOf({
      direction: 'encode',
      message: responseHeadersMessage(headers, status, body === '' && !trailers, this.#shown.showsHeader),
      kind: 'response_headers',
      response,
      apply: (answer) => {
        const common = answer?.child('response');
        const changed = this.#changedResponse(common, response);
        if (!changed) return;
        const replaces = common?.text('status') === 'CONTINUE_AND_REPLACE';
        const next = replaces ? replaced(common, changed) : this.#encodeBody(changed);
        if (next !== 'stop_iteration') this.#callbacks.continueEncoding(next);
      },
    });
  }

  #encodeBody(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const { responseBody: mode, responseHeaders } = this.#mode;
    if (this.#isComplete || mode === 'NONE' || response.body === '') return this.#encodeTrailers(response);
    if (mode !== 'BUFFERED' || !responseHeaders) response.headers.remove('content-length');
    if (mode === 'STREAMED') return this.#encodePieces(piecesOf(response.body), '', response);
    return this.#askOf({
      direction: 'encode',
      message: bodyMessage('responseBody', response.body, response.trailers === undefined),
      kind: 'response_body',
      response,
      apply: (answer) => {
        const common = answer?.child('response');
        const changed = this.#changedResponse(common, response);
        if (!changed || this.#refusesLength(common, changed.headers)) return;
        const next = this.#encodeTrailers(withBody(changed, mutatedBody(common) ?? changed.body));
        if (next !== 'stop_iteration') this.#callbacks.continueEncoding(next);
      },
    });
  }

  #encodePieces(
    [piece, ...rest]: readonly string[],
    before: string,
    response: HttpResponse,
  ): HttpResponse | 'stop_iteration' {
    if (piece === undefined) return this.#encodeTrailers(withBody(response, before));
    return this.#askOf({
      direction: 'encode',
      message: bodyMessage('responseBody', piece, rest.length === 0 && response.trailers === undefined),
      kind: 'response_body',
      response,
      apply: (answer) => {
        const next = this.#encodePieces(rest, before + (mutatedBody(answer?.child('response')) ?? piece), response);
        if (next !== 'stop_iteration') this.#callbacks.continueEncoding(next);
      },
    });
  }

  #encodeTrailers(response: HttpResponse): HttpResponse | 'stop_iteration' {
    const { trailers } = response;
    if (this.#isComplete || !this.#mode.responseTrailers || !trailers) return response;
    return this.#askOf({
      direction: 'encode',
      message: trailersMessage('responseTrailers', trailers, this.#shown.showsHeader),
      kind: 'response_trailers',
      response,
      apply: (answer) => {
        if (this.#mutate(answer, trailers)) this.#callbacks.continueEncoding(response);
      },
    });
  }

  onDestroy(): void {
    this.#isComplete = true;
    if (this.#config.onlyObserves) this.#stream?.closeLater();
    else this.#stream?.close();
  }

  #askOf(step: Step & { readonly response: HttpResponse }): HttpResponse | 'stop_iteration' {
    return this.#ask(step) === 'continue' ? step.response : 'stop_iteration';
  }

  #ask(step: Step): FilterStatus {
    if (!this.#stream || this.#stream.isOver) return 'continue';
    const message = { ...step.message, ...this.#factsFor(step) };
    if (this.#config.onlyObserves) {
      this.#stream.show(message);
      return this.#observeRest(step);
    }
    this.#stream.ask(message, (answer) => this.#onAnswer(step, answer));
    return 'stop_iteration';
  }

  /** Nobody waits for a processor that only looks on: what follows the headers is shown at once. */
  #observeRest({ kind, response }: Step): FilterStatus {
    if (kind === 'request_headers') return this.#decodeBody();
    if (kind === 'response_headers' && response) this.#encodeBody(response);
    return 'continue';
  }

  #factsFor({ direction, response }: Step): JsonObject {
    const { forwardedNamespaces, requestAttributes, responseAttributes } = this.#shown;
    const isFirst = !this.#told.has(direction);
    this.#told.add(direction);
    const attributes = isFirst ? (direction === 'decode' ? requestAttributes : responseAttributes) : [];
    return {
      ...metadataMessage(forwardedNamespaces, this.#callbacks.dynamicMetadata),
      ...attributesMessage(attributes, this.#callbacks, response),
    };
  }

  #onAnswer(step: Step, answer: ProcessorAnswer): void {
    if (answer.kind === 'response') return this.#onMessage(step, answer.message);
    if (answer.kind === 'closed') return this.#goOn(step);
    const isTimeout = answer.kind === 'timeout';
    this.#tell(
      'ext_proc_failed',
      'failed',
      isTimeout ? 'The processor gave no answer in its time.' : 'The stream to the processor failed.',
    );
    if (this.#allowsFailure && !isTimeout) {
      // The end of the stream is met once more when this side closes it.
      this.#config.counters.server_half_closed.inc();
      this.#config.counters.streams_closed.inc();
    }
    if (isTimeout) this.#fail(step, 'ext_proc_error_per-message_timeout_exceeded', 504);
    else this.#fail(step, answer.details, this.#config.statusOnError);
  }

  /** The request goes on without the processor, or ends here. */
  #fail(step: Step, details: string, status: number): void {
    this.#stream?.close();
    if (this.#allowsFailure) {
      this.#config.counters.failure_mode_allowed.inc();
      return this.#goOn(step);
    }
    this.#endWith(status, details);
  }

  #endWith(status: number, details: string): void {
    this.#isComplete = true;
    this.#stream?.close();
    this.#config.counters.immediate_responses_sent.inc();
    this.#callbacks.sendLocalReply({ status, details });
  }

  #goOn({ direction, response }: Step): void {
    this.#isComplete = true;
    if (direction === 'decode') this.#callbacks.continueDecoding();
    else if (response) this.#callbacks.continueEncoding(response);
  }

  #onMessage(step: Step, message: ConfigNode): void {
    const { counters, ignoresImmediate, statusOnError } = this.#config;
    this.#stream?.settle();
    const immediate = message.child('immediate_response');
    if ((immediate && ignoresImmediate) || (!immediate && !message.has(step.kind))) {
      counters.spurious_msgs_received.inc();
      this.#tell(
        'ext_proc_spurious',
        'failed',
        `The processor was asked for \`${step.kind}\` and says something else.`,
      );
      const what = immediate ? 'unhandled_immediate_response_due_to_config_disabled_it' : 'spurious_message';
      return this.#fail(step, what, statusOnError);
    }
    counters.stream_msgs_received.inc();
    this.#takeMetadata(message);
    if (immediate) return this.#answerAtOnce(immediate);
    this.#overrideMode(step, message);
    this.#tell('ext_proc_answered', 'matched', `The processor answers \`${step.kind}\`.`);
    step.apply(message.child(step.kind));
  }

  #takeMetadata(message: ConfigNode): void {
    const metadata = message.child('dynamic_metadata');
    for (const namespace of this.#shown.receivedNamespaces)
      for (const [key, value] of Object.entries(metadata?.child(namespace)?.value ?? {}))
        this.#callbacks.setMetadata(namespace, key, value);
  }

  /** Only an answer to headers may change what is asked next, and only to a mode that is allowed. */
  #overrideMode({ kind }: Step, message: ConfigNode): void {
    const override = message.child('mode_override');
    const { allowsModeOverride, allowedModes } = this.#config;
    if (!override || !allowsModeOverride || !kind.endsWith('_headers')) return;
    const mode = modeOf(override, this.#mode);
    const isAllowed = allowedModes?.some((one) => isSameMode(one, modeOf(override))) ?? true;
    if (isAllowed) this.#mode = mode;
    else
      this.#tell('ext_proc_mode_refused', 'failed', 'The mode that the processor asks for is not among those allowed.');
  }

  #answerAtOnce(immediate: ConfigNode): void {
    this.#isComplete = true;
    this.#config.counters.immediate_responses_sent.inc();
    const mutation = immediate.child('headers');
    const status = statusCodeOf(immediate.child('status')?.raw('code')) ?? 200;
    const grpcStatus = immediate.child('grpc_status')?.number('status');
    this.#tell('ext_proc_immediate', 'failed', `The processor answers ${status} by itself.`);
    this.#stream?.close();
    this.#callbacks.sendLocalReply({
      status,
      body: bytesText(immediate.text('body')) ?? '',
      details: immediate.text('details')?.replaceAll(' ', '_') ?? '',
      mutateHeaders: (headers) => {
        if (mutation) this.#mutation(mutation, headers);
      },
      ...(grpcStatus === undefined ? {} : { grpcStatus }),
    });
  }

  #refusesLength(common: ConfigNode | undefined, headers: HeaderMap): boolean {
    if (!breaksLength(common, headers)) return false;
    this.#endWith(500, 'mismatch_between_content_length_and_the_length_of_the_mutated_body');
    return true;
  }

  /** Whether the message may go on. */
  #changeHeaders(common: ConfigNode | undefined, headers: HeaderMap, replaces = false): boolean {
    if (!this.#mutate(common, headers, replaces)) return false;
    const { routeCacheAction: action, counters } = this.#config;
    const asks = common?.flag('clear_route_cache') === true;
    if (asks && action === 'RETAIN') counters.clear_route_cache_disabled.inc();
    else if (common?.has('header_mutation') !== true) {
      if (asks) counters.clear_route_cache_ignored.inc();
    } else if (action === 'CLEAR' || (asks && action === 'DEFAULT')) this.#callbacks.clearRouteCache();
    return true;
  }

  #changedResponse(common: ConfigNode | undefined, response: HttpResponse): HttpResponse | undefined {
    const mutated = this.#mutate(common, response.headers);
    if (!mutated) return undefined;
    return mutated.status === undefined ? response : { ...response, status: mutated.status };
  }

  /** Undefined where the mutation has failed: the request has its answer then. */
  #mutate(answer: ConfigNode | undefined, headers: HeaderMap, replaces = false): Mutated | undefined {
    const mutation = answer?.child('header_mutation');
    if (!mutation) return { rejected: 0, failed: undefined, status: undefined };
    const mutated = this.#mutation(mutation, headers, replaces);
    if (mutated.failed === undefined) return mutated;
    this.#endWith(this.#config.statusOnError, mutated.failed);
    return undefined;
  }

  #mutation(mutation: ConfigNode, headers: HeaderMap, replaces = false): Mutated {
    const mutated = applyHeaderMutation(mutation, headers, this.#config.rules, replaces);
    if (mutated.rejected > 0) this.#config.counters.rejected_header_mutations.add(mutated.rejected);
    return mutated;
  }

  #tell(kind: string, state: 'matched' | 'failed', sentence: string): void {
    this.#callbacks.trace?.record({ kind, state, because: this.#config.node.ref, sentence });
  }
}
