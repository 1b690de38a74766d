import type { Session } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import type { Progress, Report } from '../core/progress.ts';
import { closeSession } from './changes.ts';
import type { Control } from './database.ts';
import {
  claimKey,
  deleteKey,
  purgeKeys,
  selectBegunRequest,
  selectKey,
  setKeyAnswer,
  setKeyProgress,
  takeKeyLock,
} from './idempotency-sql.ts';

export interface StoredAnswer {
  status: number;
  body: string;
}

/** A request under way. Its key is locked by a session, so that the key of a killed process is free at once. */
export interface BegunRequest {
  /** The id of what it makes: that of the first request, if its process has died. */
  subject: string;
  /** Lets others see how far it is, soon; what cannot be written is left out. */
  report: Report;
  /** Stores the answer, which every repetition gets. An answer that says that the server failed is not kept. */
  end(answer: StoredAnswer): Promise<void>;
}

/**
 * Begins a request that the caller may repeat with the same key, for 24 hours.
 *
 * @param asked  `fingerprint` of what is asked: the same key with another one is a mistake; `subject`: the id of what it
 *               is to make
 * @returns the answer of the first time, or the request to go on with
 * @throws {@link Fault} `API-06`: the key was used for another request; `API-07`: the first one is still under way
 */
export async function beginOnce(
  control: Control,
  asked: { key: string; fingerprint: string; subject: string },
): Promise<StoredAnswer | BegunRequest> {
  await purgeKeys(control.db);
  const known = await answerOf(control, asked);
  if (known) return known;
  const session = await control.db.session();
  try {
    if (!(await takeKeyLock(session, asked.key))) throw new Fault('API-07');
    const [claimed] = await claimKey(control.db, asked);
    if (claimed) return begun(control, session, asked.key, claimed.subject);
    const answer = await answerOf(control, asked); // given a moment ago
    if (!answer) throw new Fault('API-07');
    await closeSession(session, control.clock);
    return answer;
  } catch (error) {
    await closeSession(session, control.clock);
    throw error;
  }
}

/** Null: there is none yet. */
async function answerOf(
  control: Control,
  { key, fingerprint }: { key: string; fingerprint: string },
): Promise<StoredAnswer | null> {
  const [known] = await selectKey(control.db, key);
  if (known && known.fingerprint !== fingerprint) throw new Fault('API-06');
  if (!known || known.status === null) return null;
  return { status: known.status, body: known.body ?? '' };
}

/** Null: no request has come with the key in the last 24 hours, or the server has failed to do it. */
export async function readBegunRequest({ db }: Control, key: string) {
  const [row] = await selectBegunRequest(db, key);
  if (!row) return null;
  const { status, progress, begun_at: begunAt, lasts } = row;
  const state = status !== null ? ('done' as const) : lasts ? ('running' as const) : ('interrupted' as const);
  return { state, status, progress, begunAt };
}

/** Progress is written no more often than this. */
const reportEveryMs = 500;

function openReport({ db, clock }: Control, key: string): Report {
  let reportedAt = Number.NEGATIVE_INFINITY;
  let step = '';
  return (progress: Progress) => {
    if (progress.step === step && clock.now() - reportedAt < reportEveryMs) return;
    reportedAt = clock.now();
    step = progress.step;
    void setKeyProgress(db, key, progress).catch(() => undefined);
  };
}

const begun = (control: Control, session: Session, key: string, subject: string): BegunRequest => ({
  subject,
  report: openReport(control, key),
  async end({ status, body }) {
    try {
      if (status >= 500) await deleteKey(control.db, key);
      else await setKeyAnswer(control.db, key, status, body);
    } finally {
      await closeSession(session, control.clock);
    }
  },
});
