/**
 * One attempt to forward a request, with its answer, streamed with back-pressure in both directions. An answer counts
 * as arrived with its headers, or, if it is to be held back, with its last byte.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '@lockstep/foundation/clock';
import type { Dispatcher } from 'undici';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import type { ProxiedSync } from '../engine/index.ts';
import { type ByteReservation, waitingBytesMax } from './buffered-bytes.ts';
import { isForPage } from './cors.ts';
import { answerHeaders, requestHeaders, withToken } from './headers.ts';
import type { Authority } from './keyed-callers.ts';
import type { RequestTimes } from './request-times.ts';
import type { Target } from './target.ts';
import type { Upload } from './uploads.ts';

/** One request of a caller, with everything needed to answer it. */
export interface Exchange {
  request: IncomingMessage;
  /** Its body; null if it has none. */
  upload: Upload | null;
  /** The memory that its bodies take. */
  holding: ByteReservation;
  response: ServerResponse;
  target: Target;
  sync: ProxiedSync;
  upstream: Dispatcher;
  /** Of a caller with a key; null: the caller's own token is passed on. */
  authority: Authority | null;
  clock: Clock;
  log: AppLog;
  /** Aborts when the proxy stops. */
  stopping: AbortSignal;
  /** Called with the status of Salesforce's answer. */
  onAnswer(status: number): void;
  /** Filled in on the way. */
  times: RequestTimes;
}

/** Salesforce's answer: status, headers as sent except hop-by-hop ones, and bytes. */
export interface UpstreamAnswer {
  readonly status: number;
  readonly statusText: string;
  /** Alternating names and values. */
  readonly headers: string[];
  /** In the clock's milliseconds: when the request began to leave, and when the last byte so far arrived. */
  readonly sentAt: number;
  readonly lastByteAt: number;
  /** The whole body as sent (gzip stays gzip); null while it is incomplete. */
  body(): Buffer | null;
  /** Reads no more of it. */
  drop(): void;
  /** Sends the body: what is buffered, then what still arrives. Resolves when everything is handed over. */
  pipe(response: ServerResponse): Promise<void>;
}

export interface ForwardOptions {
  /** How many bytes of the answer's body to buffer before it counts as arrived; 0: it counts with its headers. */
  bufferBytesMax: number;
  /** A caller who disconnects cancels a read. A write is completed. */
  isWrite: boolean;
  /** The request's body if it has been read already. */
  body?: Buffer | null | undefined;
}

/**
 * @throws {@link Fault} NET-01: nothing reached Salesforce, or it was a read. PRX-04: a write whose answer was lost.
 *         PRX-08: the body came too slowly, and if it was a write, none of it was sent
 */
export function forward(exchange: Exchange, options: ForwardOptions): Promise<UpstreamAnswer> {
  const { request, target, upstream, upload, authority } = exchange;
  const { body: whole } = options;
  const headers = requestHeaders(request.rawHeaders, isForPage(exchange.response));
  return new Promise((resolve, reject) => {
    const answer = new StreamedAnswer(exchange, options, resolve, reject);
    const outgoing: Dispatcher.DispatchOptions = {
      path: target.rawPath,
      method: target.method,
      headers: authority ? withToken(headers, authority.session.token) : headers,
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
  /** Part of the request has been sent. */
  private wasSent = false;
  private buffered: Buffer[] = [];
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
    this.wasSent = true;
  }

  onRequestSent(): void {
    this.wasSent = true;
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
    const isUnwanted = this.callerLeft && (this.sink !== null || this.options.bufferBytesMax === 0);
    if (isUnwanted) return;
    if (this.sink) {
      if (!this.sink.write(chunk)) controller.pause();
      return;
    }
    this.buffered.push(chunk);
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
    if (this.buffered.length !== 1) this.buffered = [Buffer.concat(this.buffered)];
    return this.buffered[0] ?? null;
  }

  drop(): void {
    if (this.state === 'open') this.controller?.abort(new Error('the answer is not wanted'));
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
      for (const chunk of this.buffered) response.write(chunk);
      this.buffered = [];
      response.on('drain', () => this.controller?.resume());
      if (this.callerLeft) this.onCallerLeft();
      else if (!response.writableNeedDrain) this.controller?.resume();
    });
  }

  private faultOf(error: Error): Fault {
    const { host } = new URL(this.exchange.sync.instanceUrl);
    const mayHaveArrived = this.wasSent && this.options.isWrite;
    if (mayHaveArrived) return new Fault('PRX-04', { host, reason: codeOf(error) }, { cause: error });
    // A fault comes from the upload.
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
    // The rest of a write's answer is read to its end and dropped.
    this.controller?.resume();
  }
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : 'connection lost';
}
