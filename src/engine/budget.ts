/**
 * The requests that a sync starts by itself: with an interval i at most ceil(60 s / i) in any 60 seconds, and never
 * two within i / 3. Ordinary work goes out evenly, one request an interval; urgent work may go out earlier within
 * those two bounds. Proxied requests and their read-backs are counted elsewhere and displace nothing here.
 */
export interface Budget {
  intervalMs: number;
  /** When the requests of the last 60 seconds went out, oldest first. */
  sentAt: readonly number[];
}

const windowMs = 60_000;

/** The earliest instant at which the next request may go out. */
export function nextSendAt(budget: Budget, isUrgent: boolean, now: number): number {
  const last = budget.sentAt.at(-1);
  if (last === undefined) return now;
  const perWindow = Math.ceil(windowMs / budget.intervalMs);
  const oldestThatCounts = budget.sentAt.at(-perWindow);
  const windowFreeAt = oldestThatCounts === undefined ? now : oldestThatCounts + windowMs;
  const pace = isUrgent ? budget.intervalMs / 3 : budget.intervalMs;
  return Math.max(now, windowFreeAt, last + Math.ceil(pace));
}

export function spend(budget: Budget, now: number): Budget {
  const perWindow = Math.ceil(windowMs / budget.intervalMs);
  return { ...budget, sentAt: [...budget.sentAt, now].slice(-perWindow) };
}
