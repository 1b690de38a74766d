import { systemClock } from '@lockstep/foundation/clock';

/** A call that lasts longer than this hangs because a test wants it to. In real milliseconds. */
const answerMsMax = 3_000;

/**
 * The calls that an engine has under way. Its clock stands still, but an org and a database need real time to answer:
 * who moves the clock before they have would let simulated minutes pass within one request of the background.
 */
export class OutstandingCalls {
  private readonly begun = new Map<Promise<unknown>, number>();

  async track<Result>(call: Promise<Result>): Promise<Result> {
    this.begun.set(call, performance.now());
    try {
      return await call;
    } finally {
      this.begun.delete(call);
    }
  }

  /** The same object, whose own methods are tracked. */
  tracked<Methods extends object>(methods: Methods): Methods {
    const own = Object.entries(methods).map(([name, method]) => [
      name,
      (...given: unknown[]) => this.track((method as (...given: unknown[]) => Promise<unknown>)(...given)),
    ]);
    return Object.fromEntries(own) as Methods;
  }

  /** Waits until a call has ended or lasts too long; false: there is none to wait for. */
  async waitForOne(): Promise<boolean> {
    const now = performance.now();
    const fresh = [...this.begun].filter(([, since]) => now - since < answerMsMax);
    const [oldest] = fresh;
    if (!oldest) return false;
    const over = new AbortController();
    const tooLong = systemClock.sleep(oldest[1] + answerMsMax - now, over.signal);
    const ends = [tooLong, ...fresh.map(([call]) => call)].map((one) => one.catch(() => undefined));
    await Promise.race(ends);
    over.abort();
    return true;
  }
}
