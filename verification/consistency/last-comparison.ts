import { sql } from '@lockstep/foundation/sql';
import { compareStream, mirroredStreams } from '@lockstep/harness/mirror-comparison';
import { makeSyncRequest, waitForSyncRequest } from 'lockstep/control';
import type { Violation } from './history.ts';
import type { ProcessHarness } from './process-harness.ts';

/** Violations of what is promised for the end of a run. */
/** A violation without a story. */
type Found = Omit<Violation, 'story'>;

const flushMsMax = 120_000;

/**
 * When nobody writes any more and nothing disturbs: after a flush, every row equals its record as the org itself
 * returns it, no record is missing, and no write is without an outcome.
 */
export async function lastViolations(harness: ProcessHarness): Promise<Found[]> {
  const { org, admin } = harness;
  const flushed = await flush(harness);
  if (flushed) return [flushed];
  const violations: Found[] = [];
  const token = await org.token('integration');
  for (const stream of await mirroredStreams(admin)) {
    const { different, rows, keptRows } = await compareStream(admin, org, token, stream);
    const unequal = (record: string | null, what: string) =>
      violations.push({ promised: 'mirror and org are equal in the end', record, what });
    for (const { id, how, columns } of different) {
      unequal(
        id,
        `${stream.sobject} ${id} is ${how}${how === 'different' ? ` in ${columns.join(', ')}` : ''}`,
      );
    }
    if (rows !== keptRows)
      unequal(null, `${stream.sobject} has ${rows} records, the checkpoint counts ${keptRows} rows`);
  }
  const open = await admin.query<{ method: string; sobject: string; count: number }>(sql`
    SELECT method, sobject, count(*) AS count FROM _lockstep.intent WHERE outcome IS NULL GROUP BY method, sobject`);
  for (const { method, sobject, count } of open) {
    violations.push({
      promised: 'no write stays open',
      record: null,
      what: `${count} ${method} of ${sobject}`,
    });
  }
  return violations;
}

async function flush({ control: { control }, sync }: ProcessHarness): Promise<Found | undefined> {
  const syncRequest = await makeSyncRequest(control, sync.id, { kind: 'flush', objects: null });
  const ended = await waitForSyncRequest(
    control,
    syncRequest,
    () => undefined,
    AbortSignal.timeout(flushMsMax),
  ).catch((error: unknown) => String(error));
  if (typeof ended === 'object' && ended?.end && 'result' in ended.end) return undefined;
  const what = `a flush does not end: ${JSON.stringify(ended)}`;
  return { promised: 'mirror and org are equal in the end', record: null, what };
}
