/**
 * A write to mirrored records: its intent is durable before it is sent, and the mirror shows it before the caller
 * gets the answer. Anything that goes wrong after Salesforce's answer makes it `pending`, never an error: the write
 * is done, and a caller who gets an error would repeat it.
 */

import { type Clock, withTimeout } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { AppLog } from '../core/log-fields.ts';
import { stampSlackSeconds } from '../core/merge-rule.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { NamedRecord, ProxiedSync } from '../engine/index.ts';
import { failureFields, type Outcome } from '../postgres/index.ts';
import { parseAnswer } from './bodies.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import type { RequestTimes } from './request-times.ts';
import { type RecordWrite, recordWritten, type Written } from './writes-of.ts';

/** Value of the header Lockstep-Applied. */
export type AppliedHeader = 'yes' | 'pending' | 'poll' | 'no';

/** How long an answer is held after Salesforce's last byte. Any longer, and clients time out and repeat the write. */
const holdMs = 3_000;
/** How much longer it is held to mark what must be read again. */
const graceMs = 250;

/** How long a write waits to be recorded before the database counts as away. */
const intentWaitMs = 5_000;

/** The recorded intents; null if they were not recorded. */
type Intents = readonly number[] | null;

/** What a write needs from its exchange. */
export interface WriteExchange {
  sync: ProxiedSync;
  method: string;
  clock: Clock;
  log: AppLog;
  times: RequestTimes;
  /** One attempt. Fails as {@link forward} does. */
  forward(): Promise<UpstreamAnswer>;
  send(answer: UpstreamAnswer, applied: AppliedHeader): Promise<void>;
}

/** A write whose records can be identified from its request and its answer. */
export interface TraceableWrite {
  /** The records that the request names, of mirrored sobjects only. */
  named: readonly NamedRecord[];
  /** What the answer proves to have been written, of mirrored sobjects only. */
  written(answer: UpstreamAnswer): Written;
}

/** A write of one record. */
export const traceRecordWrite = (write: RecordWrite): TraceableWrite => ({
  named: [{ sobject: write.sobject, id: 'id' in write.change ? write.change.id : null }],
  written: (answer) => recordWritten(write, parseAnswer(answer)),
});

export async function runWriteThrough(
  exchange: WriteExchange,
  write: TraceableWrite,
): Promise<AppliedHeader> {
  const intents = await recordIntent(exchange, write);
  const sentAt = exchange.clock.now();
  const answer = await exchange
    .forward()
    .catch((fault: Fault) => endWithoutAnswer(exchange, write, { intents, sentAt, fault }));
  const written = write.written(answer);
  const pending = await pendingOf(exchange, written, answer, intents);
  const applied = appliedBy(written, pending);
  const repairing = markForReading(exchange, write, { written, pending, sentAt });
  await finish(exchange, answer.lastByteAt + holdMs + graceMs, intents, () => repairing);
  const recordOutcome = async () => {
    await repairing; // once it has an outcome, nobody looks at the write again
    if (intents) await exchange.sync.recordOutcome(intents, outcomeOf[applied]);
  };
  // The answer does not wait for the outcome: the records of a write without one are read once more.
  await Promise.all([
    exchange.send(answer, applied),
    finish(exchange, exchange.clock.now() + holdMs, intents, recordOutcome),
  ]);
  return applied;
}

function appliedBy({ records, isComplete }: Written, pending: readonly WrittenRecord[]): AppliedHeader {
  if (pending.length > 0) return 'pending';
  if (!isComplete) return 'poll';
  return records.length > 0 ? 'yes' : 'no';
}

/** Null if the database is away and the sync forwards writes all the same. */
async function recordIntent(
  { sync, method, clock }: WriteExchange,
  { named }: TraceableWrite,
): Promise<Intents> {
  const recording = sync.recordIntent({ method, named });
  try {
    return await withTimeout(clock, intentWaitMs, recording);
  } catch (cause) {
    const isSent = sync.withoutDatabase === 'forward';
    // If the intent is recorded after all, its write was either not sent or is followed without it.
    recording.then((late) => sync.recordOutcome(late, isSent ? 'pending' : 'refused')).catch(() => undefined);
    if (isSent) return null;
    throw new Fault('PRX-12', {}, { cause });
  }
}

/** Nothing is guessed or repeated: what may have been written is read again, and the caller gets the fault. */
async function endWithoutAnswer(
  exchange: WriteExchange,
  { named }: TraceableWrite,
  { intents, sentAt, fault }: { intents: Intents; sentAt: number; fault: Fault },
): Promise<never> {
  await finish(exchange, exchange.clock.now() + holdMs, intents, async () => {
    const { sync } = exchange;
    if (fault.code === 'PRX-04') await repairSoon(sync, named, (sobjects) => sync.pollFrom(sobjects, sentAt));
    if (intents) await sync.recordOutcome(intents, fault.code === 'PRX-04' ? 'unknown' : 'refused');
  });
  throw fault;
}

/** The records that the mirror does not show in time; without the database, all of them. */
async function pendingOf(
  exchange: WriteExchange,
  { records: written }: Written,
  answer: UpstreamAnswer,
  intents: Intents,
): Promise<readonly WrittenRecord[]> {
  if (written.length === 0 || !intents) return written;
  const deadlineAt = answer.lastByteAt + holdMs;
  const options = { notBefore: earliestStamp(answer), deadlineAt };
  const end = await within(exchange, deadlineAt + graceMs, () => exchange.sync.readBack(written, options));
  const { times, clock } = exchange;
  times.applyMs = end?.applyMs ?? 0;
  times.readBackMs = clock.now() - answer.lastByteAt - times.applyMs;
  return end?.pending ?? written;
}

const outcomeOf = {
  yes: 'applied',
  pending: 'pending',
  poll: 'pending',
  no: 'refused',
} as const satisfies Record<AppliedHeader, Outcome>;

/** Has what the mirror does not show yet read again, with priority. */
async function markForReading(
  { sync }: WriteExchange,
  write: TraceableWrite,
  { written, pending, sentAt }: { written: Written; pending: readonly WrittenRecord[]; sentAt: number },
): Promise<void> {
  const poll = (sobjects: readonly string[]) => sync.pollFrom(sobjects, sentAt);
  await repairSoon(sync, [...pending.map(namedBy), ...written.missing], poll);
  if (!written.isComplete) poll(write.named.map(({ sobject }) => sobject));
}

/** Does not wait for a database that was away when the write came. */
async function finish(
  exchange: WriteExchange,
  at: number,
  intents: Intents,
  work: () => Promise<void>,
): Promise<void> {
  const finished = within(exchange, at, work);
  if (intents) await finished;
}

const namedBy = (record: WrittenRecord): NamedRecord => ({
  sobject: record.sobject,
  id: 'id' in record ? record.id : null,
});

/** Has records with a known Id read by it, and the sobjects of the others polled. */
async function repairSoon(
  sync: ProxiedSync,
  named: readonly NamedRecord[],
  poll: (sobjects: readonly string[]) => void,
): Promise<void> {
  const unknown = new Set<string>();
  const known = new Map<string, RecordId[]>();
  for (const { sobject, id } of named) {
    if (id === null) unknown.add(sobject);
    else known.set(sobject, [...(known.get(sobject) ?? []), id]);
  }
  if (unknown.size > 0) poll([...unknown]);
  await Promise.all([...known].map(([sobject, ids]) => sync.markDirty(sobject, ids)));
}

/** The earliest second, by the server's clock, at which the write can have begun; 0 if the answer has no Date. */
function earliestStamp(answer: UpstreamAnswer): number {
  const answeredAt = Date.parse(headerValues(answer.headers, 'date')[0] ?? '') / 1000;
  if (Number.isNaN(answeredAt)) return 0;
  return answeredAt - Math.ceil((answer.lastByteAt - answer.sentAt) / 1000) - stampSlackSeconds;
}

/** Waits for `work` until `at`. Undefined: it failed, or it takes longer and goes on in the background. */
async function within<Result>(
  { clock, log, sync }: WriteExchange,
  at: number,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const working = work().catch((error: unknown) => {
    log.warn('a write will be repaired later', { sync: sync.id, ...failureFields(error) });
    return undefined;
  });
  return await withTimeout(clock, Math.max(0, at - clock.now()), working).catch(() => undefined);
}
