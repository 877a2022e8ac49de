import type { JsonObject } from '#api';
import type { ConfigNode } from '../../../../config_node.ts';
import type { FilterCallbacks, FilterStatus, HttpFilter } from '../../../../http/filter.ts';
import type { HeaderMap } from '../../../../http/header_map.ts';
import { statusCodeOf } from '../../../../http/status_code.ts';
import type { HttpResponse } from '../../../../seams.ts';
import { breaksLength, bytesText, mutatedBody, streamedBody } from './bodies.ts';
import { CallLog } from './call_log.ts';
import { isSameMode, modeOf, type ExtProcConfig, type ExtProcPerRoute, type ProcessingMode } from './config.ts';
import { applyHeaderMutation, type Mutated } from './header_mutation.ts';
import { bodyMessage, headersMessage, trailersMessage } from './messages.ts';
import type { Processor, ProcessorAnswer } from './processor.ts';
import { attributesMessage, metadataMessage, takeMetadata, type ShownFacts } from './shown_facts.ts';
import { kindOf, type Step } from './step.ts';
import { RequestSide, ResponseSide, type Direction, type Side } from './sides.ts';

const DUPLEX = 'FULL_DUPLEX_STREAMED';

/** Shows requests and responses to a processor that may change or answer them: ext_proc/ext_proc.cc. */
export class ExtProcFilter implements HttpFilter {
  readonly #config: ExtProcConfig;
  readonly #callbacks: FilterCallbacks;
  readonly #allowsFailure: boolean;
  readonly #shown: ShownFacts;
  readonly #processor: Processor | undefined;
  readonly #calls: CallLog;
  #mode: ProcessingMode;
  /** Nothing more is asked: it has answered by itself, failed, or gone. */
  #isComplete = false;
  /** Attributes go with the first message of each direction. */
  readonly #told = new Set<Direction>();
  /** What the processor has still to say. */
  #steps: Step[] = [];
  /** Bodies of both directions are streamed, and nothing can be taken back. */
  #isBodyOut = false;

  constructor(
    config: ExtProcConfig,
    perRoute: ExtProcPerRoute | undefined,
    openProcessor: (mode: ProcessingMode) => Processor | undefined,
    callbacks: FilterCallbacks,
  ) {
    this.#config = config;
    this.#callbacks = callbacks;
    this.#mode = perRoute?.mode ?? config.mode;
    this.#allowsFailure = perRoute?.allowsFailure ?? config.allowsFailure;
    this.#shown = perRoute ? { ...config.shown, ...perRoute.shown } : config.shown;
    this.#processor = perRoute?.isDisabled === true ? undefined : openProcessor(this.#mode);
    this.#calls = new CallLog(callbacks);
    this.#isComplete = this.#processor === undefined;
  }

  decode(): FilterStatus {
    return this.#run(new RequestSide(this.#callbacks));
  }

  encode(response: HttpResponse): HttpResponse | 'stop_iteration' {
    if (this.#isComplete || this.#processor?.isOver === true) return response;
    const side = new ResponseSide(response, this.#callbacks);
    return this.#run(side) === 'continue' ? side.response : 'stop_iteration';
  }

  onDestroy(): void {
    this.#isComplete = true;
    if (this.#config.onlyObserves) this.#processor?.closeLater();
    else this.#processor?.close();
  }

  #run(side: Side): FilterStatus {
    if (this.#isComplete) return 'continue';
    const { direction, trailers, body } = side;
    if (!this.#mode[`${direction}Headers`]) return this.#runBody(side, false);
    const headers: Step = {
      side,
      part: 'headers',
      messages: [
        headersMessage(side, this.#callbacks.connection.protocol, body === '' && !trailers, this.#shown.showsHeader),
      ],
      apply: (answer) => this.#onHeaders(side, answer),
    };
    if (this.#config.onlyObserves) {
      this.#observe(headers);
      return this.#runBody(side, false);
    }
    if (!this.#isPipelined(direction)) return this.#ask([headers]);
    return this.#ask([headers, ...this.#bodySteps(side, false)]);
  }

  /** The body follows the headers without a wait. */
  #isPipelined(direction: Direction): boolean {
    const mode = this.#mode[`${direction}Body`];
    return mode === DUPLEX || (mode === 'STREAMED' && this.#config.bodyDoesNotWait);
  }

  #onHeaders(side: Side, answer: ConfigNode | undefined): void {
    const common = answer?.child('response');
    const replaces = common?.text('status') === 'CONTINUE_AND_REPLACE';
    if (!this.#changeHeaders(side, common, replaces) || this.#steps.length > 0) return;
    if (replaces) {
      const body = mutatedBody(common);
      if (body !== undefined) {
        side.headers.remove('content-length');
        side.setBody(body);
      }
      side.proceed();
    } else if (this.#isPipelined(side.direction)) side.proceed();
    else if (this.#runBody(side, true) === 'continue') side.proceed();
  }

  /** `isHeld`: the answer to the headers came first, and by then the body was there. */
  #runBody(side: Side, isHeld: boolean): FilterStatus {
    const steps = this.#isComplete ? [] : this.#bodySteps(side, isHeld);
    if (steps.length === 0) return this.#runTrailers(side);
    if (!this.#config.onlyObserves) return this.#ask(steps);
    if (this.#mode[`${side.direction}Body`] === 'STREAMED') for (const step of steps) this.#observe(step);
    return this.#runTrailers(side);
  }

  #bodySteps(side: Side, isHeld: boolean): Step[] {
    const mode = this.#mode[`${side.direction}Body`];
    if (mode === 'NONE' || side.body === '') return [];
    if (side.direction === 'request') this.#callbacks.readBody();
    const keepsLength = mode === 'BUFFERED' && this.#mode[`${side.direction}Headers`];
    if (!keepsLength && !this.#config.keepsLength && !this.#config.onlyObserves) side.headers.remove('content-length');
    if (mode === DUPLEX) return this.#duplexSteps(side);
    return mode === 'STREAMED'
      ? this.#streamedSteps(side, isHeld ? [side.body] : side.pieces)
      : [this.#wholeStep(side)];
  }

  #bodyStep(side: Side, piece: string, isEnd: boolean, apply: Step['apply']): Step {
    return { side, part: 'body', messages: [bodyMessage(side.direction, piece, isEnd && !side.trailers)], apply };
  }

  #wholeStep(side: Side): Step {
    const { body } = side;
    return this.#bodyStep(side, body, true, (answer) => {
      const common = answer?.child('response');
      if (!this.#changeHeaders(side, common) || this.#refusesLength(common, side.headers)) return;
      side.setBody(mutatedBody(common) ?? body);
      this.#finishBody(side);
    });
  }

  #streamedSteps(side: Side, pieces: readonly string[]): Step[] {
    let changed = '';
    return pieces.map((piece, index) =>
      this.#bodyStep(side, piece, index === pieces.length - 1, (answer) => {
        const common = answer?.child('response');
        changed += mutatedBody(common) ?? piece;
        if (index < pieces.length - 1) return;
        side.setBody(changed);
        this.#finishBody(side);
      }),
    );
  }

  /** The processor gets all pieces, and says in as many pieces of its own what becomes of them. */
  #duplexSteps(side: Side): Step[] {
    this.#isBodyOut = true;
    let changed = '';
    const last = side.pieces.length - 1;
    const messages = side.pieces.map((piece, index) =>
      bodyMessage(side.direction, piece, index === last && !side.trailers),
    );
    const apply = (answer: ConfigNode | undefined): 'more' | void => {
      const common = answer?.child('response');
      const streamed = streamedBody(common);
      if (common?.has('body_mutation') === true && !streamed) return this.#refuseWhole();
      changed += streamed?.body ?? '';
      side.setBody(changed);
      if (streamed?.isEnd !== true) return 'more';
      this.#steps = [];
      if (!this.#asksAfter(side)) this.#processor?.close();
      side.proceed();
    };
    const trailers = this.#mode[`${side.direction}Trailers`] ? this.#trailersStep(side) : undefined;
    return [{ side, part: 'body', messages, apply, isOpen: true }, ...(trailers ? [trailers] : [])];
  }

  #asksAfter({ direction }: Side): boolean {
    const { responseHeaders, responseBody, responseTrailers } = this.#mode;
    return direction === 'request' && (responseHeaders || responseBody !== 'NONE' || responseTrailers);
  }

  #refuseWhole(): void {
    this.#config.counters.spurious_msgs_received.inc();
    this.#config.counters.stream_msgs_received.add(-1);
    const what = 'Normal_body_mutation_response_is_received_while_body_mode__is_FULL_DUPLEX_STREAMED';
    this.#fail(this.#steps, `spurious_message:_${what}`, this.#config.statusOnError);
  }

  #finishBody(side: Side): void {
    if (this.#runTrailers(side) === 'continue') side.proceed();
  }

  #runTrailers(side: Side): FilterStatus {
    const step = this.#isComplete || !this.#mode[`${side.direction}Trailers`] ? undefined : this.#trailersStep(side);
    if (!step) return 'continue';
    if (!this.#config.onlyObserves) return this.#ask([step]);
    this.#observe(step);
    return 'continue';
  }

  #trailersStep(side: Side): Step | undefined {
    const { trailers, direction } = side;
    if (!trailers) return undefined;
    return {
      side,
      part: 'trailers',
      messages: [trailersMessage(direction, trailers, this.#shown.showsHeader)],
      apply: (answer) => {
        if (this.#mutate(answer, trailers)) side.proceed();
      },
    };
  }

  /** Nobody waits for a processor that only looks on. */
  #observe(step: Step): void {
    for (const message of step.messages) this.#processor?.show({ ...message, ...this.#factsFor(step) });
  }

  #ask(steps: readonly Step[]): FilterStatus {
    const processor = this.#processor;
    if (!processor || processor.isOver) return 'continue';
    this.#steps.push(...steps);
    for (const step of steps) {
      const isTimed = this.#mode[`${step.side.direction}Body`] !== DUPLEX;
      const question = { isTimed, answered: (answer: ProcessorAnswer) => this.#onAnswer(answer) };
      for (const message of step.messages) processor.ask({ ...message, ...this.#factsFor(step) }, question);
    }
    return 'stop_iteration';
  }

  #factsFor({ side: { direction, response } }: Step): JsonObject {
    const { requestAttributes, responseAttributes } = this.#shown;
    const isFirst = !this.#told.has(direction);
    this.#told.add(direction);
    const attributes = isFirst ? (direction === 'request' ? requestAttributes : responseAttributes) : [];
    return {
      ...metadataMessage(this.#shown, this.#callbacks),
      ...attributesMessage(attributes, this.#callbacks, response),
    };
  }

  #onAnswer(answer: ProcessorAnswer): void {
    if (answer.kind === 'response') return this.#onMessage(answer.message);
    const steps = this.#steps;
    if (answer.kind === 'closed') return this.#goOn(steps);
    const isTimeout = answer.kind === 'timeout';
    this.#tell(
      'ext_proc_failed',
      'failed',
      isTimeout ? 'The processor gave no answer in its time.' : 'The call of the processor failed.',
    );
    if (this.#mayFail && answer.kind === 'failed' && answer.isStream) {
      // The end of the stream is met once more when this side closes it.
      this.#config.counters.server_half_closed.inc();
      this.#config.counters.streams_closed.inc();
    }
    if (isTimeout) this.#fail(steps, 'ext_proc_error_per-message_timeout_exceeded', 504);
    else this.#fail(steps, answer.details, this.#config.statusOnError);
  }

  /** What has been streamed to the processor is gone: without it there is no message any more. */
  get #mayFail(): boolean {
    return this.#allowsFailure && !this.#isBodyOut;
  }

  /** The request goes on without the processor, or ends here. */
  #fail(steps: readonly Step[], details: string, status: number): void {
    this.#processor?.close();
    if (!this.#mayFail) return this.#endWith(status, details);
    this.#config.counters.failure_mode_allowed.inc();
    this.#goOn(steps);
  }

  #endWith(status: number, details: string): void {
    this.#isComplete = true;
    this.#steps = [];
    this.#processor?.close();
    this.#config.counters.immediate_responses_sent.inc();
    this.#callbacks.sendLocalReply({ status, details });
  }

  #goOn([step]: readonly Step[]): void {
    this.#isComplete = true;
    this.#steps = [];
    step?.side.proceed();
  }

  #onMessage(message: ConfigNode): void {
    const { counters, ignoresImmediate, statusOnError } = this.#config;
    const step = this.#stepOf(message);
    if (!step) return counters.spurious_msgs_received.inc();
    const immediate = message.child('immediate_response');
    if ((immediate && ignoresImmediate) || (!immediate && !message.has(kindOf(step)))) {
      const kind = kindOf(step);
      counters.spurious_msgs_received.inc();
      this.#tell('ext_proc_spurious', 'failed', `The processor was asked for \`${kind}\` and says something else.`);
      const what = immediate ? 'unhandled_immediate_response_due_to_config_disabled_it' : 'spurious_message';
      return this.#fail(this.#steps, what, statusOnError);
    }
    counters.stream_msgs_received.inc();
    takeMetadata(message, this.#shown, this.#callbacks);
    if (immediate) return this.#answerAtOnce(immediate);
    this.#overrideMode(step, message);
    this.#tell('ext_proc_answered', 'matched', `The processor answers \`${kindOf(step)}\`.`);
    this.#calls.answered(step.side.direction, step.part);
    const [, ...rest] = this.#steps;
    this.#steps = rest;
    if (rest.length === 0 && step.isOpen !== true) this.#processor?.settle();
    if (step.apply(message.child(kindOf(step))) === 'more') this.#steps = [step, ...rest];
  }

  /** The question that a message answers, or should. */
  #stepOf(message: ConfigNode): Step | undefined {
    const [first, next] = this.#steps;
    if (first?.isOpen === true && next && message.has(kindOf(next))) this.#steps = this.#steps.slice(1);
    return this.#steps[0];
  }

  /** Only an answer to headers may change what is asked next, and only to a mode that is allowed. */
  #overrideMode({ part }: Step, message: ConfigNode): void {
    const override = message.child('mode_override');
    const { allowsModeOverride, allowedModes } = this.#config;
    if (!override || !allowsModeOverride || part !== 'headers') return;
    const mode = modeOf(override, this.#mode);
    const isAllowed = allowedModes?.some((one) => isSameMode(one, modeOf(override))) ?? true;
    if (isAllowed) this.#mode = mode;
    else
      this.#tell('ext_proc_mode_refused', 'failed', 'The mode that the processor asks for is not among those allowed.');
  }

  #answerAtOnce(immediate: ConfigNode): void {
    this.#isComplete = true;
    this.#steps = [];
    this.#config.counters.immediate_responses_sent.inc();
    const mutation = immediate.child('headers');
    const status = statusCodeOf(immediate.child('status')?.raw('code')) ?? 200;
    const grpcStatus = immediate.child('grpc_status')?.number('status');
    this.#tell('ext_proc_immediate', 'failed', `The processor answers ${status} by itself.`);
    this.#processor?.close();
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
  #changeHeaders(side: Side, common: ConfigNode | undefined, replaces = false): boolean {
    const mutated = this.#mutate(common, side.headers, replaces);
    if (!mutated) return false;
    if (mutated.status !== undefined) side.setStatus(mutated.status);
    if (side.direction === 'request') this.#clearRoute(common);
    return true;
  }

  #clearRoute(common: ConfigNode | undefined): void {
    const { routeCacheAction: action, counters } = this.#config;
    const asks = common?.flag('clear_route_cache') === true;
    if (asks && action === 'RETAIN') counters.clear_route_cache_disabled.inc();
    else if (common?.has('header_mutation') !== true) {
      if (asks) counters.clear_route_cache_ignored.inc();
    } else if (action === 'CLEAR' || (asks && action === 'DEFAULT')) this.#callbacks.clearRouteCache();
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
