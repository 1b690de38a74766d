/**
 * The single timeline of a run: what happens when, and whom it wakes. Time is a number, in milliseconds since 1970;
 * nothing waits for a timer. Events of the same instant happen in the order in which they were planned.
 *
 * The code under test is asynchronous. An event that lets it continue calls `resume` (or `hold`, if it must wait for a
 * database); the next event happens only when no code can continue any more.
 */
interface Event {
  at: number;
  order: number;
  act: () => void;
}

export class Agenda {
  now: number;

  private readonly heap: Event[] = [];
  private planned = 0;
  private isResumed = false;
  private pending: Promise<unknown>[] = [];

  constructor(start: number) {
    this.now = start;
  }

  at(time: number, act: () => void): void {
    const event = { at: Math.max(time, this.now), order: this.planned++, act };
    const { heap } = this;
    let place = heap.push(event) - 1;
    while (place > 0) {
      const parent = (place - 1) >> 1;
      if (isBefore(heap[parent] as Event, event)) break;
      heap[place] = heap[parent] as Event;
      place = parent;
    }
    heap[place] = event;
  }

  after(ms: number, act: () => void): void {
    this.at(this.now + ms, act);
  }

  /** Runs an act that the code under test waits for. */
  resume(act: () => void): void {
    this.isResumed = true;
    act();
  }

  /** Stops time until this promise is settled. */
  hold(work: Promise<unknown>): void {
    this.pending.push(work.catch(() => undefined));
    this.isResumed = true;
  }

  /** Runs all events planned up to `end`, including those planned on the way. */
  async runUntil(end: number, isOver: () => boolean): Promise<void> {
    await this.settle();
    for (let next = this.heap[0]; next && next.at <= end; next = this.heap[0]) {
      this.take();
      this.now = next.at;
      next.act();
      if (this.isResumed) await this.settle();
      if (isOver()) return;
    }
    this.now = end;
  }

  /** Runs all microtasks: Node reaches the next tick only when none is left. */
  private async settle(): Promise<void> {
    while (this.pending.length > 0) await this.pending.pop();
    this.isResumed = false;
    await new Promise<void>((resolve) => process.nextTick(resolve));
    if (this.pending.length > 0) await this.settle();
  }

  private take(): void {
    const { heap } = this;
    const last = heap.pop() as Event;
    if (heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++;
      if (isBefore(last, heap[child] as Event)) break;
      heap[place] = heap[child] as Event;
      place = child;
    }
    heap[place] = last;
  }
}

const isBefore = (a: Event, b: Event) => a.at < b.at || (a.at === b.at && a.order < b.order);
