/**
 * The walk of a write to a mirrored record: its intent is durable before it leaves, and the mirror shows it before
 * its answer does. Whatever goes wrong after Salesforce's answer makes it `pending`, never an error: the write is
 * done, and a caller who thinks otherwise repeats it.
 */
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import { stampSlackSeconds } from '../core/merge-rule.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { NamedRecord, ProxiedSync } from '../engine/index.ts';
import type { Clock } from '../lib/clock.ts';
import { sqlState } from '../lib/database.ts';
import type { Outcome } from '../postgres/index.ts';
import { answeredBy } from './bodies.ts';
import type { UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import { type RecordWrite, recordWritten, type Written } from './writes-of.ts';

/** Value of the header Lockstep-Applied. */
export type Applied = 'yes' | 'pending' | 'poll' | 'no';

/** An answer is held for so long after Salesforce's last byte. Longer, and clients time out and repeat the write. */
const holdMs = 3_000;
/** What the recording of the outcome may take on top of it. */
const graceMs = 250;

/** What the walk of a write needs of its exchange. */
export interface WriteExchange {
  sync: ProxiedSync;
  method: string;
  clock: Clock;
  log: AppLog;
  /** One attempt. Faults as of {@link forward}. */
  forward(): Promise<UpstreamAnswer>;
  send(answer: UpstreamAnswer, applied: Applied): Promise<void>;
}

/** A write whose records are told from its request and its answer. */
export interface TellingWrite {
  /** What it names before it is answered: mirrored sobjects only. */
  named: readonly NamedRecord[];
  /** What its answer proves, of mirrored sobjects. */
  written(answer: UpstreamAnswer): Written;
}

/** A write of one record. */
export const tellingRecord = (write: RecordWrite): TellingWrite => ({
  named: [{ sobject: write.sobject, id: 'id' in write.change ? write.change.id : null }],
  written: (answer) => recordWritten(write, answeredBy(answer)),
});

export async function walkWrite(exchange: WriteExchange, write: TellingWrite): Promise<Applied> {
  const intents = await recordIntent(exchange, write);
  const answer = await exchange
    .forward()
    .catch((fault: Fault) => endWithoutAnswer(exchange, write, intents, fault));
  const written = write.written(answer);
  const pending = written.records.length > 0 ? await readBack(exchange, written.records, answer) : [];
  const applied = appliedBy(written, pending);
  await recordOutcome(exchange, { write, intents, answer, written, pending, applied });
  await exchange.send(answer, applied);
  return applied;
}

function appliedBy({ records, isWhole }: Written, pending: readonly WrittenRecord[]): Applied {
  if (pending.length > 0) return 'pending';
  if (!isWhole) return 'poll';
  return records.length > 0 ? 'yes' : 'no';
}

async function recordIntent(
  { sync, method }: WriteExchange,
  { named }: TellingWrite,
): Promise<readonly number[]> {
  try {
    return await sync.recordIntent({ method, named });
  } catch (cause) {
    throw new Fault('PRX-12', {}, { cause });
  }
}

/** Nothing is guessed and nothing repeated: what may have been written is read again, and the caller is told. */
async function endWithoutAnswer(
  exchange: WriteExchange,
  { named }: TellingWrite,
  intents: readonly number[],
  fault: Fault,
): Promise<never> {
  await within(exchange, exchange.clock.now() + holdMs, async () => {
    if (fault.code === 'PRX-04') await repairSoon(exchange, named);
    await exchange.sync.recordOutcome(intents, fault.code === 'PRX-04' ? 'unknown' : 'refused');
  });
  throw fault;
}

/** Those that the mirror does not show in time. */
async function readBack(
  exchange: WriteExchange,
  written: readonly WrittenRecord[],
  answer: UpstreamAnswer,
): Promise<readonly WrittenRecord[]> {
  const deadlineAt = answer.lastByteAt + holdMs;
  const options = { notBefore: earliestStamp(answer), deadlineAt };
  const pending = await within(exchange, deadlineAt + graceMs, () =>
    exchange.sync.readBack(written, options),
  );
  return pending ?? written;
}

const outcomeOf = {
  yes: 'applied',
  pending: 'pending',
  poll: 'pending',
  no: 'refused',
} as const satisfies Record<Applied, Outcome>;

interface Walked {
  write: TellingWrite;
  intents: readonly number[];
  answer: UpstreamAnswer;
  written: Written;
  pending: readonly WrittenRecord[];
  applied: Applied;
}

async function recordOutcome(exchange: WriteExchange, walked: Walked): Promise<void> {
  const { write, intents, answer, written, pending, applied } = walked;
  await within(exchange, answer.lastByteAt + holdMs + graceMs, async () => {
    await repairSoon(exchange, [...pending.map(namedBy), ...written.missing]);
    if (!written.isWhole) exchange.sync.pollSoon(write.named.map(({ sobject }) => sobject));
    await exchange.sync.recordOutcome(intents, outcomeOf[applied]);
  });
}

const namedBy = (record: WrittenRecord): NamedRecord => ({
  sobject: record.sobject,
  id: 'id' in record ? record.id : null,
});

async function repairSoon({ sync }: WriteExchange, named: readonly NamedRecord[]): Promise<void> {
  const withoutId = named.filter(({ id }) => id === null).map(({ sobject }) => sobject);
  if (withoutId.length > 0) sync.pollSoon(withoutId);
  for (const [sobject, records] of Map.groupBy(named, (one) => one.sobject)) {
    const ids = records.flatMap(({ id }) => id ?? []);
    if (ids.length > 0) await sync.markDirty(sobject, ids);
  }
}

/** The server's second at which the write can have begun; 0 where the answer does not tell the time. */
function earliestStamp(answer: UpstreamAnswer): number {
  const answeredAt = Date.parse(headerValues(answer.headers, 'date')[0] ?? '') / 1000;
  if (Number.isNaN(answeredAt)) return 0;
  return answeredAt - Math.ceil((answer.lastByteAt - answer.sentAt) / 1000) - stampSlackSeconds;
}

/** Waits for `work` until `at`. Undefined: it failed or takes longer; then it goes on without anybody waiting. */
async function within<Result>(
  { clock, log, sync }: WriteExchange,
  at: number,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const done = new AbortController();
  const working = work().catch((error: unknown) => {
    const state = sqlState(error);
    const code = error instanceof Fault ? { code: error.code } : {};
    log.warn('a write is repaired later', { sync: sync.id, ...code, ...(state ? { sqlState: state } : {}) });
    return undefined;
  });
  const timeIsUp = clock.sleep(Math.max(0, at - clock.now()), done.signal).catch(() => undefined);
  try {
    return await Promise.race([working, timeIsUp.then(() => undefined)]);
  } finally {
    done.abort('done');
  }
}
