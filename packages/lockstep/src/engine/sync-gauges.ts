import { isSyncId } from '../core/ids.ts';
import {
  countOpenMarks,
  countSetAside,
  type Problem,
  readProblems,
  type SetAsideGroup,
} from '../postgres/index.ts';
import type { OpenSyncs } from './open-syncs.ts';

/** What the metrics show of a sync besides its requests. */
export interface SyncGauges {
  name: string;
  /** Records that are marked to be read again. */
  openRepairs: number;
  /** By object, column and reason. */
  setAside: readonly SetAsideGroup[];
  problems: readonly Pick<Problem, 'sobject' | 'kind' | 'code'>[];
}

/** Null if no sync has the id. Throws if the control database or the destination is away. */
export async function readSyncGauges(syncs: OpenSyncs, id: string): Promise<SyncGauges | null> {
  const open = isSyncId(id) ? await syncs.of(id) : null;
  if (!open) return null;
  const { db } = await open.destination();
  return {
    name: open.settings.name,
    openRepairs: await countOpenMarks(db),
    setAside: await countSetAside(db),
    problems: await readProblems(db),
  };
}
