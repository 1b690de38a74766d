/**
 * The requests that a sync starts by itself: with an interval i, at most ceil(60 s / i) in any 60 seconds, and never
 * two within i / 3. Ordinary requests go out evenly, one per interval. An urgent one may go out two thirds of an
 * interval early, and the request after it waits longer instead. So the poll never pauses for much longer than an
 * interval, however much is urgent. Proxied requests and their read-backs are counted elsewhere and do not use up
 * this budget.
 */
export interface Budget {
  intervalMs: number;
  /** When the requests of the last 60 seconds were sent, oldest first. */
  sentAt: readonly number[];
}

const windowMs = 60_000;
/** Share of an interval by which an urgent request may be early. */
const credit = 2 / 3;

/** The earliest time at which the next request may be sent. */
export function nextSendAt(budget: Budget, isPriority: boolean, now: number): number {
  const { intervalMs, sentAt } = budget;
  const last = sentAt.at(-1);
  if (last === undefined) return now;
  const oldestThatCounts = sentAt.at(-perWindow(intervalMs));
  const windowFreeAt = oldestThatCounts === undefined ? now : oldestThatCounts + windowMs;
  const due = dueAt(budget, last);
  const early = Math.max(due - intervalMs * credit, last + intervalMs / 3);
  return Math.max(now, Math.ceil(windowFreeAt), Math.ceil(isPriority ? early : due));
}

/** One interval after each request, counted from when it was due: an early one delays the next. */
function dueAt({ intervalMs, sentAt }: Budget, last: number): number {
  const due = sentAt.reduce((next, at) => Math.max(next, at) + intervalMs, Number.NEGATIVE_INFINITY);
  return Math.min(due, last + intervalMs * (1 + credit)); // requests sent at another pace delay it like one early one
}

export function spend(budget: Budget, now: number): Budget {
  return { ...budget, sentAt: [...budget.sentAt, now].slice(-perWindow(budget.intervalMs)) };
}

const perWindow = (intervalMs: number) => Math.ceil(windowMs / intervalMs);
