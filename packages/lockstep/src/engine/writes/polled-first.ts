/** What the next poll is to look at first of all, shared by those who know of writes and by whoever polls. */
import type { WakeSignal } from '@lockstep/foundation/wake-signal';

/** Sobjects, by API name in lower case, that are to be read from a local time on. */
export type PollSince = Map<string, number>;

/** A write without an Id was sent then: its record is stamped later, and may be committed behind what has been read. */
export const readFrom = (pollSince: PollSince, sobject: string, sentAt: number): void => {
  pollSince.set(sobject, Math.min(sentAt, pollSince.get(sobject) ?? sentAt));
};

/** Has sobjects, by API name in lower case, polled first of all. */
export function pollFirst(
  { urgent, wake }: { urgent: Set<string>; wake: WakeSignal },
  sobjects: Iterable<string>,
): void {
  for (const sobject of sobjects) urgent.add(sobject);
  wake.notify();
}
