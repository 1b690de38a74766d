import type { Connection, Submittable } from 'pg';

/**
 * Told of each row that a COPY … TO STDOUT sends. The bytes are those of the driver's buffer and change as soon as
 * this returns. A promise says that no more should come until it resolves; what is on its way comes nevertheless.
 */
export type OnCopyRow = (row: Buffer) => Promise<unknown> | undefined;

/** The longest time that a timer takes. A copy may run for as long as it likes. */
const anyTimeMs = 2 ** 31 - 1;

/** A COPY … TO STDOUT as the driver runs it: it calls these methods by their names, in the order of the messages. */
export class CopyOut implements Submittable {
  readonly done: Promise<void>;
  /** Read by the driver, which would otherwise take a long copy for a silent server. */
  readonly query_timeout = anyTimeMs;
  /** Set by the driver, which waits for it to end its own timer. */
  callback: ((error?: unknown) => void) | undefined;
  private readonly text: string;
  private readonly onRow: OnCopyRow;
  private readonly end: PromiseWithResolvers<void> = Promise.withResolvers();
  private connection: Connection | undefined;

  constructor(text: string, onRow: OnCopyRow) {
    this.text = text;
    this.onRow = onRow;
    this.done = this.end.promise;
  }

  submit(connection: Connection): void {
    this.connection = connection;
    connection.query(this.text);
  }

  handleCopyData({ chunk }: { chunk: Buffer }): void {
    const full = this.onRow(chunk);
    if (full) this.pauseUntil(full);
  }

  private pauseUntil(free: Promise<unknown>): void {
    const stream = this.connection?.stream;
    stream?.pause();
    free.then(
      () => stream?.resume(),
      (error: unknown) => {
        this.handleError(error);
        // What is left of the copy has nowhere to go.
        stream?.destroy();
      },
    );
  }

  handleError(error: unknown): void {
    this.callback?.(error);
    this.end.reject(error);
  }

  handleCommandComplete(): void {}

  handleReadyForQuery(): void {
    this.callback?.();
    this.end.resolve();
  }
}
