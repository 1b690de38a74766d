/**
 * Lets slices be copied side by side, in rounds: the next one begins when all slices of the last have ended. Between
 * two rounds nobody shares a stream's lock, so a page that waits for it gets its turn. PostgreSQL alone would let
 * sharers in for ever, and the page would wait until the job has ended.
 */
export class SliceRounds {
  private readonly widthMax: number;
  private begun = 0;
  private running = 0;
  private ended: PromiseWithResolvers<void> = Promise.withResolvers();

  /** @param widthMax  slices in a round */
  constructor(widthMax: number) {
    this.widthMax = widthMax;
  }

  async run<Result>(copy: () => Promise<Result>): Promise<Result> {
    while (this.begun === this.widthMax) await this.ended.promise;
    this.begun++;
    this.running++;
    try {
      return await copy();
    } finally {
      this.running--;
      if (this.running === 0) this.endRound();
    }
  }

  private endRound(): void {
    this.begun = 0;
    this.ended.resolve();
    this.ended = Promise.withResolvers();
  }
}
