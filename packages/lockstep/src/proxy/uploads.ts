/**
 * The body of a request on its way up. It is read as it is wanted, and whoever sends it has to keep a pace meanwhile:
 * a request holds a place among few, so that a body that never comes would keep others out.
 */
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { Clock } from '@lockstep/foundation/clock';
import { bufferBytesMax, type Holding, waitingBytesMax } from './buffered-bytes.ts';
import { refuse } from './errors.ts';

/** A sender may be silent for so long at first, */
const patienceMs = 20_000;
/** and earns more by what he sends, */
const bytesPerSecondMin = 500;
/** but never more than this. */
const patienceMsMax = 60_000;

/** He who sent a request has gone before its end: nobody is left to be told. */
export class CallerLeft extends Error {
  constructor() {
    super('the caller left during the upload');
  }
}

/**
 * A stream of its own: when the connection to Salesforce breaks, undici destroys what it reads from, and the caller's
 * connection must live on to be told. What nobody wants of a body is read and dropped.
 *
 * Fails with {@link CallerLeft}, or with PRX-08 where it comes too slowly. Time counts only while there is room for more
 * of it.
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
    if (!this.request.readableEnded) this.destroy(new CallerLeft());
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
 * All of it, where it is no longer than `bufferBytesMax` and there is room for it; else null, and it stands as if nobody
 * had read it.
 *
 * @throws as {@link Upload} fails
 */
export async function wholeBody(upload: Upload | null, holding: Holding): Promise<Buffer | null> {
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
