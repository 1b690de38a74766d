/**
 * The body of a request. It is read on demand, and while it is wanted the sender must keep a minimum pace: a request
 * occupies one of few places, so a body that never comes would keep others out.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '@lockstep/foundation/clock';
import { type ByteReservation, bufferBytesMax, waitingBytesMax } from './buffered-bytes.ts';
import { refuse } from './errors.ts';

/** A sender may be silent this long at first, */
const patienceMs = 20_000;
/** earns more time with the bytes it sends, */
const bytesPerSecondMin = 500;
/** but never more than this. */
const patienceMsMax = 60_000;

/** The caller disconnected before the end of its request: nobody is left to answer. */
export class CallerDisconnected extends Error {
  constructor() {
    super('the caller left during the upload');
  }
}

/**
 * A stream of its own: when the connection to Salesforce breaks, undici destroys the stream that it reads from, and
 * the caller's connection must survive to be answered. The rest of an unwanted body is read and dropped.
 *
 * Fails with {@link CallerDisconnected}, or with PRX-08 if the body comes too slowly. Time counts only while there is
 * room for more of it.
 */
export class Upload extends Readable {
  private readonly request: IncomingMessage;
  private readonly clock: Clock;
  private readonly isOver = new AbortController();
  private patienceMs = patienceMs;
  private wantedSince: number | null = null;

  constructor(request: IncomingMessage, clock: Clock) {
    super({ highWaterMark: waitingBytesMax });
    this.request = request;
    this.clock = clock;
    request.pause();
    request.on('data', this.onData).on('end', this.onEnd).on('close', this.onClose);
    if (request.destroyed) this.onClose();
    void this.watch();
  }

  override _read(): void {
    this.wantedSince ??= this.clock.now();
    this.request.resume();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { request } = this;
    this.isOver.abort('over');
    request.off('data', this.onData).off('end', this.onEnd).off('close', this.onClose);
    request.resume();
    done(error);
  }

  private readonly onData = (chunk: Buffer) => {
    this.patienceMs -= this.waitedMs();
    this.patienceMs += (chunk.length / bytesPerSecondMin) * 1_000;
    this.patienceMs = Math.min(this.patienceMs, patienceMsMax);
    this.wantedSince = null;
    if (!this.push(chunk)) this.request.pause();
  };

  private readonly onEnd = () => {
    this.isOver.abort('over');
    this.push(null);
  };

  private readonly onClose = () => {
    if (!this.request.readableEnded) this.destroy(new CallerDisconnected());
  };

  private waitedMs(): number {
    return this.wantedSince === null ? 0 : this.clock.now() - this.wantedSince;
  }

  private async watch(): Promise<void> {
    for (;;) {
      const leftMs = this.patienceMs - this.waitedMs();
      if (leftMs <= 0) break;
      await this.clock.sleep(leftMs, this.isOver.signal).catch(() => undefined);
      if (this.isOver.signal.aborted) return;
    }
    this.destroy(refuse(408, 'pace of the body'));
  }
}

/** Null for a request without a body. */
export function uploadOf(request: IncomingMessage, clock: Clock): Upload | null {
  const isChunked = request.headers['transfer-encoding'] !== undefined;
  if (!isChunked && Number(request.headers['content-length'] ?? 0) === 0) return null;
  return new Upload(request, clock);
}

/**
 * The whole body if it is no longer than `bufferBytesMax` and there is room for it; else null, and the stream can
 * still be read from its start.
 *
 * @throws whatever {@link Upload} fails with
 */
export async function wholeBody(upload: Upload | null, holding: ByteReservation): Promise<Buffer | null> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of upload?.iterator({ destroyOnReturn: false }) ?? []) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes <= bufferBytesMax && holding.take((chunk as Buffer).length)) continue;
    holding.giveBack();
    upload?.unshift(Buffer.concat(chunks));
    return null;
  }
  return Buffer.concat(chunks);
}
