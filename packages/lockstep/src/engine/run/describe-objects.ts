/** Describes objects in requests of their own, and makes their tables follow what descriptions show. */
import { sqlState } from '@lockstep/foundation/database';
import { Fault } from '../../core/faults.ts';
import { changesNothing, type FieldChange, isLockTimeout, type Stream } from '../../postgres/index.ts';
import { type DatedDescribe, describeDated } from '../../salesforce/index.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import { fieldChanges } from './field-changes.ts';
import { isBackingOff, withProblem } from './problems.ts';
import { mayBeRenamed, withRenamed } from './rename-fields.ts';
import { currentTable, schemaFault } from './replace-columns.ts';
import type { BackgroundRun } from './run.ts';
import { type StreamState, type SyncState, withStreams } from './sync-state.ts';

/** One request for up to 25 objects. */
export function beginDescribe(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  indexes: readonly number[],
): void {
  const asked = indexes.flatMap((index) => state.streams[index]?.table.stream ?? []);
  const streamNos = asked.map(({ streamNo }) => streamNo);
  background.begin(
    'describe',
    async (signal) => {
      const names = asked.map(({ sobject }) => sobject);
      const described = await describeDated(run.salesforce, names, signal);
      return async (now) => {
        let next = now;
        for (const [place, streamNo] of streamNos.entries())
          next = withStreams(next, [streamNo], (one) =>
            afterWhole(one, described[place] as DatedDescribe | Fault, run.clock.now()),
          );
        return next;
      };
    },
    () => async (now) =>
      withStreams(now, streamNos, ({ describe, ...rest }) => ({
        ...rest,
        describe: { ...describe, isDue: false, at: run.clock.now() },
      })),
  );
}

const askedNow = ({ describe }: StreamState, now: number): StreamState['describe'] => ({
  ...describe,
  isDue: false,
  at: now,
  wholeAt: now,
});

/** A stopped object that can be described again is tried at once. */
function afterWhole(stream: StreamState, described: DatedDescribe | Fault, now: number): StreamState {
  const asked = askedNow(stream, now);
  if (described instanceof Fault) {
    const isGone = described.code === 'PERM-02';
    const isNews = isGone && !asked.isGone && stream.table.stream.durableId !== null;
    return { ...stream, describe: { ...asked, isGone, names: isNews ? 'wanted' : asked.names } };
  }
  const { describe: found, condition } = described;
  const { stopped } = stream;
  return {
    ...stream,
    describe: { ...asked, condition, found, isGone: false, names: null },
    stopped: stopped && stream.describe.isGone ? { ...stopped, retryAt: now } : stopped,
  };
}

/** Compares the descriptions that have arrived with their tables. */
export function beginFieldChanges(run: BackgroundRun, background: BackgroundWork, state: SyncState): void {
  for (const one of state.streams) {
    const { found, names } = one.describe;
    if (found === null || names === 'wanted' || isBackingOff(one, 'schema', run.clock.now())) continue;
    const { stream } = one.table;
    const ofThis =
      (change: Partial<StreamState['describe']>): Effect =>
      async (now) =>
        withStreams(now, [stream.streamNo], ({ describe, ...rest }) => ({
          ...rest,
          describe: describe.found === found ? { ...describe, ...change } : describe,
        }));
    const compared = ofThis({ found: null, names: null });
    background.begin(
      `fields ${stream.streamNo}`,
      async () => {
        const change = fieldChanges(stream, found, run.open.settings);
        if (!change) return compared;
        const isUnclear = mayBeRenamed(stream, change);
        if (isUnclear && names === null) return ofThis({ names: 'wanted' });
        const clear = isUnclear && names ? withRenamed(stream, change, names) : change;
        const done = ofThis({ found: null, names: null, identifyAt: run.clock.now() });
        return (now) => applyFieldChange(run, stream, clear, done, now);
      },
      () => compared,
    );
  }
}

async function applyFieldChange(
  run: BackgroundRun,
  stream: Stream,
  change: FieldChange,
  compared: Effect,
  now: SyncState,
): Promise<SyncState> {
  const { streamNo } = stream;
  const table = currentTable(run, stream);
  // Its plan has changed meanwhile: the comparison is made again with the new one.
  if (table?.stream.planVersion !== stream.planVersion) return now;
  try {
    await run.mirror.changeFields(table, change, now.serverNow);
  } catch (error) {
    if (!isLockTimeout(error) && sqlState(error) !== '42701') throw error;
    const fault = await schemaFault(run, table, error);
    return withStreams(now, [streamNo], (one) => withProblem(one, 'schema', fault, run.clock.now()));
  }
  tellFieldChange(run, stream, change);
  const reloaded = await run.reload(await compared(now));
  if (changesNothing(change)) return reloaded;
  // Queries that were refused because of these fields are now made without them.
  return withStreams(reloaded, [streamNo], (one) => ({
    ...one,
    problems: {},
    stopped: one.stopped && { ...one.stopped, retryAt: run.clock.now() },
  }));
}

/** @param before  the stream as it was */
function tellFieldChange(run: BackgroundRun, before: Stream, change: FieldChange): void {
  const { sobject } = before;
  const { hidden, leftOut, returned, renamed, added, retyped, refilled } = change;
  const rows = [hidden, leftOut, returned, renamed, added, retyped].reduce(
    (sum, { length }) => sum + length,
    0,
  );
  if (rows > 0) run.log.warn('other fields are read', { stream: sobject, rows });
  const tell = (event: string, fields: readonly string[]) => {
    for (const detail of fields) run.onActivity?.({ kind: 'schema', event, sobject, detail });
  };
  tell('field hidden', hidden);
  tell('field left out', leftOut);
  const wasLeftOut = new Set(before.leftOut.map(({ field }) => field));
  tell(
    'field taken in again',
    returned.filter((field) => wasLeftOut.has(field)),
  );
  tell(
    'field visible again',
    returned.filter((field) => !wasLeftOut.has(field)),
  );
  tell(
    'field added',
    added.map(({ field }) => field),
  );
  const typeOf = new Map([...before.columns, ...before.hidden].map((one) => [one.field, one.fieldType]));
  tell(
    'field has another type',
    retyped.map(({ field, fieldType }) => `${field}: ${typeOf.get(field) ?? 'unknown'}, now ${fieldType}`),
  );
  tell('formula changed', refilled);
  tell(
    'field renamed',
    renamed.map(({ from, to }) => `${from}, now ${to.field}`),
  );
}
