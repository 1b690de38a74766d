import type { Database } from '@lockstep/foundation/database';
import type { WakeSignal } from '@lockstep/foundation/wake-signal';
import { type Activity, readKnownRepair, recordActivity, recordKnownRepair } from '../../control/index.ts';
import type { SyncId } from '../../core/ids.ts';
import { failureFields, readProblems, readRepairsAfter, readStatusRows } from '../../postgres/index.ts';
import type { EngineDeps, OpenSync } from '../open-syncs.ts';

const lookEveryMs = 60_000;
/** After a change: until it is in the mirror, and others with it. */
const gatherMs = 1_000;

type Deps = Pick<EngineDeps, 'control' | 'clock' | 'log'>;

/**
 * Records what becomes of the objects of a sync, as the mirror shows it to everybody: looks each minute, and when told
 * of a change. Runs beside the requests, so that none waits for it, and its failure stops nothing.
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

function openLook({ control }: Deps, id: SyncId): (mirror: Database) => Promise<void> {
  const states = new Map<string, string>();
  let problems: ReadonlyMap<string, Activity> = new Map();
  return async (mirror) => {
    for (const { sobject, state, stop_code: code, missing_rows: missing } of await readStatusRows(mirror)) {
      const rows = state === 'rows missing' ? missing : null;
      const seen = `${state} ${code}`;
      if (states.get(sobject) === seen) continue;
      states.set(sobject, seen);
      recordActivity(control, id, { kind: 'state', event: state, sobject, code, rows });
    }
    const before = problems;
    problems = new Map(
      (await readProblems(mirror)).map(({ sobject, kind: detail, code }) => [
        `${sobject} ${detail} ${code}`,
        { kind: 'problem', event: 'began', sobject, detail, code },
      ]),
    );
    for (const [key, problem] of problems) if (!before.has(key)) recordActivity(control, id, problem);
    for (const [key, problem] of before)
      if (!problems.has(key)) recordActivity(control, id, { ...problem, event: 'ended' });
    await recordRepairs(control, id, mirror);
  };
}

/** What checks have repaired since the last look, whichever process looked. */
async function recordRepairs(control: Deps['control'], id: SyncId, mirror: Database): Promise<void> {
  const known = await readKnownRepair(control, id);
  const found = await readRepairsAfter(mirror, known ?? 0);
  if (known !== null && found.length === 0) return;
  await recordKnownRepair(control, id, Math.max(0, ...found.map(({ last }) => last)));
  if (known === null) return; // those of an older version, which did not record them
  for (const { sobject, kind, rows } of found)
    recordActivity(control, id, { kind: 'check', event: kind, sobject, rows });
}
