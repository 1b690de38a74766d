import type { Database } from '@lockstep/foundation/database';
import type { WakeSignal } from '@lockstep/foundation/wake-signal';
import {
  type Activity,
  type Control,
  readKnownRepair,
  recordActivity,
  recordAges,
  recordKnownRepair,
} from '../../control/index.ts';
import type { SyncId } from '../../core/ids.ts';
import { timeOf } from '../../core/plain-words.ts';
import {
  failureFields,
  type Problem,
  readProblems,
  readRepairsAfter,
  readServerClock,
  readStatusRows,
  type StatusRow,
} from '../../postgres/index.ts';
import type { EngineDeps, OpenSync } from '../open-syncs.ts';

const lookEveryMs = 60_000;
/** After a change: until it is in the mirror, and others with it. */
const gatherMs = 1_000;

type Deps = Pick<EngineDeps, 'control' | 'clock' | 'log'>;

/**
 * Records what becomes of the objects of a sync and how old they are, as the mirror shows it to everybody: looks each
 * minute, and when told of a change. Runs beside the requests, so that none waits for it, and its failure stops nothing.
 */
export async function observeObjects(
  deps: Deps,
  open: OpenSync,
  changed: WakeSignal,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = deps;
  const { id } = open.settings;
  const look = openLook(deps, id);
  while (!signal.aborted) {
    await changed.wait(clock, lookEveryMs, signal).catch(() => undefined);
    await clock.sleep(gatherMs, signal).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await look((await open.destination()).db);
    } catch (error) {
      log.info('objects not observed', { sync: id, ...failureFields(error) });
    }
  }
}

function openLook({ control, clock }: Deps, id: SyncId): (mirror: Database) => Promise<void> {
  const noteStates = openStates(control, id);
  const noteSetAside = openSetAside(control, id);
  const noteProblems = openProblems(control, id);
  let sampledAt = Number.NEGATIVE_INFINITY;
  return async (mirror) => {
    const rows = await readStatusRows(mirror);
    noteStates(rows);
    noteSetAside(rows);
    noteProblems(await readProblems(mirror));
    await recordRepairs(control, id, mirror);
    if (clock.now() - sampledAt < lookEveryMs) return;
    sampledAt = clock.now();
    await recordAges(control, id, agesOf(rows, timeOf(await readServerClock(mirror))));
  };
}

function openStates(control: Control, id: SyncId): (rows: readonly StatusRow[]) => void {
  const known = new Map<string, string>();
  return (rows) => {
    for (const { sobject, state, stop_code: code, missing_rows: missing } of rows) {
      const seen = `${state} ${code}`;
      if (known.get(sobject) === seen) continue;
      known.set(sobject, seen);
      const kept = state === 'rows missing' ? missing : null;
      recordActivity(control, id, { kind: 'state', event: state, sobject, code, rows: kept });
    }
  };
}

function openSetAside(control: Control, id: SyncId): (rows: readonly StatusRow[]) => void {
  const known = new Map<string, number>();
  return (rows) => {
    for (const { sobject, set_aside_rows: now } of rows) {
      const before = known.get(sobject) ?? 0;
      known.set(sobject, now);
      if (now === before) continue;
      const event = now > before ? 'set aside' : 'stored after all';
      recordActivity(control, id, { kind: 'problem', event, sobject, rows: Math.abs(now - before) });
    }
  };
}

function openProblems(control: Control, id: SyncId): (problems: readonly Problem[]) => void {
  let before: ReadonlyMap<string, Activity> = new Map();
  return (problems) => {
    const now = new Map(
      problems.map(({ sobject, kind: detail, code }): [string, Activity] => [
        `${sobject} ${detail} ${code}`,
        { kind: 'problem', event: 'began', sobject, detail, code },
      ]),
    );
    for (const [key, problem] of now) if (!before.has(key)) recordActivity(control, id, problem);
    for (const [key, problem] of before)
      if (!now.has(key)) recordActivity(control, id, { ...problem, event: 'ended' });
    before = now;
  };
}

/** None of an object whose backfill is not complete. */
const agesOf = (rows: readonly StatusRow[], now: number) =>
  rows.flatMap(({ sobject, read_until: at }) =>
    at === null ? [] : [{ sobject, seconds: Math.max(0, Math.round((now - timeOf(at)) / 1_000)) }],
  );

/** What checks have repaired since the last look, whichever process looked. */
async function recordRepairs(control: Control, id: SyncId, mirror: Database): Promise<void> {
  const known = await readKnownRepair(control, id);
  const found = await readRepairsAfter(mirror, known ?? 0);
  if (known !== null && found.length === 0) return;
  await recordKnownRepair(control, id, Math.max(0, ...found.map(({ last }) => last)));
  if (known === null) return; // those of an older version, which did not record them
  for (const { sobject, kind, rows } of found)
    recordActivity(control, id, { kind: 'check', event: kind, sobject, rows });
}
