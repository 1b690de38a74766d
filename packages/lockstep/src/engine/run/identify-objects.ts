/** Asks for the durable Ids of objects and fields, by which new names are recognised. */
import { Fault } from '../../core/faults.ts';
import { readDurableIds, readNames } from '../../salesforce/index.ts';
import type { BackgroundWork, Effect } from './background-work.ts';
import type { BackgroundRun } from './run.ts';
import { type StreamState, type SyncState, withStreams } from './sync-state.ts';

const refusedAgainMs = 3_600_000;

/** One request: for objects that have gone, their names; for others, the Ids of their fields. */
export function beginIdentify(
  run: BackgroundRun,
  background: BackgroundWork,
  state: SyncState,
  indexes: readonly number[],
): void {
  const asked = indexes.flatMap((index) => state.streams[index] ?? []);
  const isGone = asked.every(({ describe }) => describe.isGone);
  background.begin(
    'describe',
    (signal) => (isGone ? namesOf(run, asked, signal) : idsOf(run, asked, signal)),
    () => async (now) => withStreams(now, numbersOf(asked), (one) => identified(one, run, null)),
  );
}

const numbersOf = (streams: readonly StreamState[]) => streams.map(({ table }) => table.stream.streamNo);

/** @param names  null: Salesforce does not tell them */
function identified(
  { describe, ...rest }: StreamState,
  { clock }: BackgroundRun,
  names: ReadonlyMap<string, string> | null,
): StreamState {
  const identifyAt = names === null ? clock.now() + refusedAgainMs : Infinity;
  return { ...rest, describe: { ...describe, identifyAt, names: names ?? new Map() } };
}

async function idsOf(
  run: BackgroundRun,
  asked: readonly StreamState[],
  signal: AbortSignal,
): Promise<Effect> {
  const sobjects = asked.map(({ table }) => table.stream.sobject);
  const found = await readDurableIds(run.salesforce, sobjects, signal);
  return async (now) => {
    let next = now;
    for (const { table } of asked) {
      const { streamNo, sobject } = table.stream;
      const ids = found?.get(sobject);
      // Of a description that is not compared yet the fields have no columns.
      if (ids) await run.mirror.recordDurableIds(streamNo, ids.object, [...ids.fields]);
      next = withStreams(next, [streamNo], (one) =>
        identified(one, run, found && (ids?.fields ?? new Map())),
      );
    }
    return found ? run.reload(next) : next;
  };
}

async function namesOf(
  run: BackgroundRun,
  asked: readonly StreamState[],
  signal: AbortSignal,
): Promise<Effect> {
  const ids = asked.flatMap(({ table }) => table.stream.durableId ?? []);
  const names = await readNames(run.salesforce, ids, signal);
  return async (now) => {
    let next = withStreams(now, numbersOf(asked), (one) => identified(one, run, names));
    for (const { table } of asked) {
      const { durableId, sobject, streamNo } = table.stream;
      const name = names?.get(durableId ?? '');
      if (name === undefined || name === sobject) continue;
      const fault = new Fault('SCH-12', { stream: sobject, near: name });
      run.log.warn('object renamed', { stream: sobject, code: fault.code });
      run.onActivity?.({ kind: 'schema', event: 'object renamed', sobject, detail: `now ${name}` });
      await run.mirror.stopStream(streamNo, fault);
      next = withStreams(next, [streamNo], (one) => ({
        ...one,
        stopped: one.stopped && { ...one.stopped, code: fault.code },
      }));
    }
    return next;
  };
}
