/**
 * One attempt to pass a request on, and its answer, streamed with back-pressure in both directions. An answer is
 * there as soon as its head is, or, where it is to be held, as soon as its last byte is.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@lockstep/foundation/clock';
import type { Dispatcher } from 'undici';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ProxiedSync } from '../engine/index.ts';
import { type Holding, waitingBytesMax } from './buffered-bytes.ts';
import { answerHeaders, requestHeaders } from './headers.ts';
import type { RequestTimes } from './request-times.ts';
import type { Target } from './target.ts';
import type { Upload } from './uploads.ts';

/** One request of a caller, with all that answering it takes. */
export interface Exchange {
  request: IncomingMessage;
  /** Its body; null where it has none. */
  upload: Upload | null;
  /** What it keeps of bodies in memory. */
  holding: Holding;
  response: ServerResponse;
  target: Target;
  sync: ProxiedSync;
  upstream: Dispatcher;
  clock: Clock;
  log: AppLog;
  /** Filled in on the way. */
  times: RequestTimes;
}

/** Salesforce's answer: status, headers as sent but for the connection's own, and bytes. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Names and values in turn. */
  readonly headers: string[];
  /** Instants of the clock: the request began to leave; the last byte so far came. */
  readonly sentAt: number;
  readonly lastByteAt: number;
  /** The whole body as sent (gzip stays gzip); null while some of it is still to come. */
  body(): Buffer | null;
  /** Sends the body, what is held and what is still to come. Resolves when all is handed over. */
  pipe(response: ServerResponse): Promise<void>;
}

export interface ForwardOptions {
  /** Up to this many bytes of the answer's body are waited for; 0: the answer is there with its head. */
  bufferBytesMax: number;
  /** A caller who leaves cancels a read. A write is finished. */
  isWrite: boolean;
  /** The request's body where it has been read already. */
  body?: Buffer | null | undefined;
}

/**
 * @throws {@link Fault} NET-01: nothing reached Salesforce, or it was a read. PRX-04: a write whose answer is lost. PRX-08:
 *         its body came too slowly, and nothing of a write has left
 */
export function forward(exchange: Exchange, options: ForwardOptions): Promise<UpstreamAnswer> {
  const { request, target, upstream, upload } = exchange;
  const { body: whole } = options;
  return new Promise((resolve, reject) => {
    const answer = new StreamedAnswer(exchange, options, resolve, reject);
    const outgoing: Dispatcher.DispatchOptions = {
      path: target.rawPath,
      method: target.method,
      headers: requestHeaders(request.rawHeaders),
      body: whole?.length === 0 ? null : (whole ?? upload),
    };
    try {
      upstream.dispatch(outgoing, answer);
    } catch (error) {
      answer.onResponseError(undefined, error as Error);
    }
  });
}

class StreamedAnswer implements Dispatcher.DispatchHandler, UpstreamAnswer {
  status = 0;
  statusText = '';
  headers: string[] = [];
  sentAt = 0;
  lastByteAt = 0;

  private readonly exchange: Exchange;
  private readonly options: ForwardOptions;
  private readonly onAnswer: (answer: UpstreamAnswer) => void;
  private readonly onFault: (fault: Fault) => void;
  private controller: Dispatcher.DispatchController | undefined;
  /** Something of the request is on its way. */
  private hasLeft = false;
  private held: Buffer[] = [];
  private bufferedBytes = 0;
  private state: 'open' | 'ended' | 'broken' = 'open';
  private sink: ServerResponse | null = null;
  private callerLeft = false;
  private onPiped: (() => void) | undefined;

  constructor(
    exchange: Exchange,
    options: ForwardOptions,
    onAnswer: (answer: UpstreamAnswer) => void,
    onFault: (fault: Fault) => void,
  ) {
    this.exchange = exchange;
    this.options = options;
    this.onAnswer = onAnswer;
    this.onFault = onFault;
    this.callerLeft = exchange.response.destroyed;
    exchange.response.once('close', () => this.onCallerLeft());
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    this.sentAt = this.exchange.clock.now();
    if (this.callerLeft && !this.options.isWrite) controller.abort(new Error('the caller left'));
  }

  onBodySent(): void {
    this.hasLeft = true;
  }

  onRequestSent(): void {
    this.hasLeft = true;
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    _: unknown,
    text?: string,
  ): void {
    if (status < 200) return; // an interim answer; the real one follows
    this.status = status;
    // Node refuses to send other characters; the text has no meaning (RFC 9112, 4).
    this.statusText = /^[\t\x20-\x7e\x80-\xff]*$/.test(text ?? '') ? (text ?? '') : '';
    const raw = (controller.rawHeaders ?? []) as (Buffer | string)[];
    this.headers = answerHeaders(
      raw.map((part) => (typeof part === 'string' ? part : part.toString('latin1'))),
    );
    if (this.options.bufferBytesMax === 0) this.arrive();
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const isForNobody = this.callerLeft && (this.sink !== null || this.options.bufferBytesMax === 0);
    if (isForNobody) return;
    if (this.sink) {
      if (!this.sink.write(chunk)) controller.pause();
      return;
    }
    this.held.push(chunk);
    this.bufferedBytes += chunk.length;
    if (this.bufferedBytes <= waitingBytesMax) return;
    const { exchange, options } = this;
    if (this.bufferedBytes <= options.bufferBytesMax && exchange.holding.take(chunk.length)) return;
    controller.pause();
    this.arrive();
  }

  onResponseEnd(): void {
    this.state = 'ended';
    this.arrive();
    this.sink?.end();
    this.onPiped?.();
  }

  onResponseError(_: unknown, error: Error): void {
    this.state = 'broken';
    this.onFault(this.faultOf(error));
    this.sink?.destroy();
    this.onPiped?.();
  }

  body(): Buffer | null {
    if (this.state !== 'ended') return null;
    if (this.held.length !== 1) this.held = [Buffer.concat(this.held)];
    return this.held[0] ?? null;
  }

  pipe(response: ServerResponse): Promise<void> {
    return new Promise((resolve) => {
      const body = this.body();
      if (body) {
        response.end(body);
        return resolve();
      }
      if (this.state === 'broken') {
        response.destroy();
        return resolve();
      }
      response.flushHeaders(); // the body may be slow to come
      this.onPiped = resolve;
      this.sink = response;
      for (const chunk of this.held) response.write(chunk);
      this.held = [];
      response.on('drain', () => this.controller?.resume());
      if (this.callerLeft) this.onCallerLeft();
      else if (!response.writableNeedDrain) this.controller?.resume();
    });
  }

  private faultOf(error: Error): Fault {
    const { host } = new URL(this.exchange.sync.instanceUrl);
    const mayHaveArrived = this.hasLeft && this.options.isWrite;
    if (mayHaveArrived) return new Fault('PRX-04', { host, reason: codeOf(error) }, { cause: error });
    // A fault is the upload's own.
    return error instanceof Fault
      ? error
      : new Fault('NET-01', { host, reason: codeOf(error) }, { cause: error });
  }

  private arrive(): void {
    this.lastByteAt = this.exchange.clock.now();
    this.onAnswer(this);
  }

  private onCallerLeft(): void {
    this.callerLeft = true;
    if (this.state !== 'open') return;
    if (!this.options.isWrite) {
      this.controller?.abort(new Error('the caller left'));
      return;
    }
    // What else comes of a write's answer is read to its end and dropped.
    this.controller?.resume();
  }
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'connection lost';
}
