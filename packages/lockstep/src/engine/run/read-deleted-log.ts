import { assert } from '@lockstep/foundation/assert';
import type { Clock } from '@lockstep/foundation/clock';
import { Fault } from '../../core/faults.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { CursorMove } from '../../postgres/index.ts';
import type { ResourceAnswer } from '../../salesforce/index.ts';
import { type DeletedQuestion, deletedAfter } from '../cursors/deleted-log.ts';
import { streamOf } from '../plan/slots.ts';
import type { DeletedLogPart } from './apply-parts.ts';
import { withoutProblem, withProblem } from './problems.ts';
import { advanceCursor, type SyncState } from './sync-state.ts';

export interface AnsweredDeletedLog {
  deletedLog: { index: number };
  question: DeletedQuestion;
  answer: ResourceAnswer;
}

/** The log is expected to lag; a lag this long is logged. */
const lagSeconds = 86_400;

/**
 * What a log of deletions means: rows to read again, and the cursor's step. If the log has a gap, a sweep compares
 * all of the mirror's Ids at once. If it was refused, it is requested again later and the stream goes on without it.
 */
export function readDeletedLog(
  { log, clock }: { log: AppLog; clock: Clock },
  state: SyncState,
  { deletedLog, question, answer }: AnsweredDeletedLog,
): DeletedLogPart {
  const stream = streamOf(state, deletedLog);
  const { table, cursors } = stream;
  const { sobject } = table.stream;
  assert(cursors.deleted, 'the log that is asked for exists');
  const { position } = cursors.deleted;
  const refused = (fault: Fault): DeletedLogPart => {
    log.warn('log of deletions refused', { stream: sobject, status: answer.status });
    const asked = advanceCursor(stream, 'deleted', { ...position, askedAt: state.serverNow });
    const after = withProblem(asked.stream, 'deleted log', fault, clock.now());
    return { index: deletedLog.index, table, moves: [asked.move], ids: [], after };
  };
  let read: ReturnType<typeof deletedAfter>;
  try {
    read = deletedAfter(position, question, answer, state.serverNow);
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    return refused(error);
  }
  if (read === 'refused') {
    const reason = answer.errorCode ?? `status ${answer.status}`;
    return refused(new Fault('PERM-03', { stream: sobject, reason }));
  }
  if (state.serverNow - read.to.from > lagSeconds) log.warn('log of deletions lags', { stream: sobject });
  const asked = advanceCursor(withoutProblem(stream, 'deleted log'), 'deleted', read.to);
  const moves: CursorMove[] = [asked.move];
  let after = asked.stream;
  if (read.isGap && cursors.sweep) {
    log.warn('log of deletions has a gap', { stream: sobject, code: 'DATA-04' });
    const swept = advanceCursor(after, 'sweep', { ...cursors.sweep.position, isWanted: true });
    moves.push(swept.move);
    after = swept.stream;
  }
  return { index: deletedLog.index, table, moves, ids: read.ids, after };
}
