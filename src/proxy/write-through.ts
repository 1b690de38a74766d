/**
 * The walk of a write to a mirrored record: its intent is durable before it leaves, and the mirror shows it before
 * its answer does. Whatever goes wrong after Salesforce's answer makes it `pending`, never an error: the write is
 * done, and a caller who thinks otherwise repeats it.
 */
import type { ServerResponse } from 'node:http';
import { Fault } from '../core/faults.ts';
import type { AppLog } from '../core/log-fields.ts';
import { stampSlackSeconds } from '../core/merge-rule.ts';
import type { WrittenRecord } from '../core/written-record.ts';
import type { ProxiedSync } from '../engine/index.ts';
import type { Clock } from '../lib/clock.ts';
import { sqlState } from '../lib/database.ts';
import type { Outcome } from '../postgres/index.ts';
import { type Exchange, forward, type UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import { holdBytesMax, type RecordWrite, type Write, writesOf } from './writes-of.ts';

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
  /** As in {@link Exchange}. */
  stopping: AbortSignal;
  /** One attempt. Faults as of {@link forward}. */
  forward(): Promise<UpstreamAnswer>;
  send(answer: UpstreamAnswer, applied: Applied): Promise<void>;
}

export function writeThrough(exchange: Exchange, write: RecordWrite): Promise<Applied> {
  const { sync, target, clock, log, stopping, response } = exchange;
  return walkWrite(
    {
      sync,
      method: target.method,
      clock,
      log,
      stopping,
      forward: () => forward(exchange, { holdBytesMax, isWrite: true }),
      send: (answer, applied) => sendAnswer(response, answer, applied),
    },
    write,
  );
}

export async function walkWrite(exchange: WriteExchange, write: RecordWrite): Promise<Applied> {
  const intent = await recordIntent(exchange, write);
  const answer = await exchange
    .forward()
    .catch((fault: Fault) => endWithoutAnswer(exchange, write, intent, fault));
  const written = writesOf(write, answer);
  const applied = Array.isArray(written) ? await readBack(exchange, written, answer) : written;
  await recordOutcome(exchange, write, intent, answer, { written, applied });
  await exchange.send(answer, applied);
  return applied;
}

/** Reads, and writes that the mirror does not or cannot follow record by record. */
export async function passThrough(exchange: Exchange, write: Write): Promise<Applied | 'read'> {
  if (write.kind === 'none') {
    await sendAnswer(exchange.response, await forward(exchange, { holdBytesMax: 0, isWrite: false }), null);
    return 'read';
  }
  const { sync, response } = exchange;
  const isPolled = write.kind === 'poll';
  const answer = await forward(exchange, { holdBytesMax: 0, isWrite: true }).catch((fault: Fault) => {
    if (isPolled && fault.code === 'PRX-04') sync.pollSoon(null);
    throw fault;
  });
  const applied = isPolled && isSuccess(answer) ? 'poll' : 'no';
  if (applied === 'poll') sync.pollSoon(null);
  await sendAnswer(response, answer, applied);
  return applied;
}

const isSuccess = ({ status }: UpstreamAnswer) => status >= 200 && status <= 299;

async function recordIntent(
  { sync, method }: WriteExchange,
  { sobject, change }: RecordWrite,
): Promise<number> {
  const id = 'id' in change ? change.id : null;
  try {
    return await sync.recordIntent({ method, sobject, id });
  } catch (cause) {
    throw new Fault('PRX-12', {}, { cause });
  }
}

/** Nothing is guessed and nothing repeated: what may have been written is read again, and the caller is told. */
async function endWithoutAnswer(
  exchange: WriteExchange,
  write: RecordWrite,
  intent: number,
  fault: Fault,
): Promise<never> {
  await within(exchange, exchange.clock.now() + holdMs, async () => {
    if (fault.code === 'PRX-04') await repairSoon(exchange, [named(write)]);
    await exchange.sync.recordOutcome(intent, fault.code === 'PRX-04' ? 'unknown' : 'refused');
  });
  throw fault;
}

async function readBack(
  exchange: WriteExchange,
  written: readonly WrittenRecord[],
  answer: UpstreamAnswer,
): Promise<'yes' | 'pending'> {
  const deadlineAt = answer.lastByteAt + holdMs;
  const options = { notBefore: earliestStamp(answer), deadlineAt };
  const result = await within(exchange, deadlineAt + graceMs, () =>
    exchange.sync.readBack(written, options, exchange.stopping),
  );
  return result === 'applied' ? 'yes' : 'pending';
}

const outcomeOf = {
  yes: 'applied',
  pending: 'pending',
  poll: 'pending',
  no: 'refused',
} as const satisfies Record<Applied, Outcome>;

async function recordOutcome(
  exchange: WriteExchange,
  write: RecordWrite,
  intent: number,
  answer: UpstreamAnswer,
  { written, applied }: { written: WrittenRecord[] | 'no' | 'poll'; applied: Applied },
): Promise<void> {
  await within(exchange, answer.lastByteAt + holdMs + graceMs, async () => {
    if (applied === 'pending' && Array.isArray(written)) await repairSoon(exchange, written);
    if (applied === 'poll') exchange.sync.pollSoon(write.sobject);
    // A record that Salesforce no longer has may still stand in the mirror.
    if (answer.status === 404 && 'id' in write.change) await repairSoon(exchange, [named(write)]);
    await exchange.sync.recordOutcome(intent, outcomeOf[applied]);
  });
}

/** The server's second at which the write can have begun; 0 where the answer does not tell the time. */
function earliestStamp(answer: UpstreamAnswer): number {
  const answeredAt = Date.parse(headerValues(answer.headers, 'date')[0] ?? '') / 1000;
  if (Number.isNaN(answeredAt)) return 0;
  return answeredAt - Math.ceil((answer.lastByteAt - answer.sentAt) / 1000) - stampSlackSeconds;
}

/** What a write names before it is answered: an Id, or just the sobject. */
const named = ({ sobject, change }: RecordWrite): Repair =>
  'id' in change ? { sobject, id: change.id } : { sobject };

type Repair = { sobject: string; id?: string };

async function repairSoon({ sync }: WriteExchange, repairs: readonly Repair[]): Promise<void> {
  for (const { sobject, id } of repairs) {
    if (id === undefined) sync.pollSoon(sobject);
    else await sync.markDirty(sobject, id);
  }
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

/** Salesforce's status, headers and bytes, with our header on writes. */
async function sendAnswer(
  response: ServerResponse,
  answer: UpstreamAnswer,
  applied: Applied | null,
): Promise<void> {
  response.sendDate = false; // Salesforce's own stands among the headers
  const ours = applied === null ? [] : ['Lockstep-Applied', applied];
  response.writeHead(answer.status, answer.statusText, [...answer.headers, ...ours]);
  await answer.pipe(response);
}
