import { Fault } from '../core/faults.ts';
import type { RecordId, SyncId } from '../core/ids.ts';
import type { Control } from './database.ts';
import { notify, syncChannel } from './sql.ts';
import {
  deleteOpenWish,
  insertWish,
  markWishesTaken,
  purgeWishes,
  selectOpenWishes,
  selectWish,
  updateEnded,
  updateProgress,
  type WishRow,
  wishChannel,
} from './wish-sql.ts';

/**
 * What a person or a program asks of a sync while it runs: a row here, so that it reaches whichever process runs the
 * sync and survives a restart of it. Whoever asks makes a wish and may wait for its end (wait-for-wish.ts); whoever
 * runs the sync takes it, reports on it and ends it.
 */
export type WishKind = 'flush' | 'compare' | 'reconcile' | 'reread' | 'repair' | 'keep' | 'remove';

export interface NewWish {
  kind: WishKind;
  /** API names; null: all objects. Repair, keep and remove name theirs. */
  objects: readonly string[] | null;
  /** Of the records to repair, and only there. */
  ids?: readonly RecordId[];
  /** When nobody will wait for it any more: it is dropped then. Without it, it is kept until it is granted. */
  expiresInMs?: number;
}

/** As the sync's holder takes it. */
export interface OpenWish {
  id: number;
  kind: WishKind;
  objects: readonly string[] | null;
  ids: readonly RecordId[] | null;
}

/** As whoever made it sees it. */
export interface WishStatus {
  id: number;
  syncId: SyncId;
  kind: WishKind;
  /** A process that runs the sync knows of it. */
  isTaken: boolean;
  /** What its granter last reported; null: nothing yet. */
  progress: unknown;
  /** From its making to its end, or until now. */
  tookMs: number;
  /** Null while it is open. */
  end: WishEnd | null;
}

export type WishEnd = { result: unknown } | { fault: { code: string; explanation: string; next: string } };

/**
 * Asks it of the sync, which is told as of a change of its settings.
 *
 * @returns the wish's number
 * @throws {@link Fault} `PRX-01`: there is no such sync
 */
export async function makeWish(control: Control, syncId: SyncId, wish: NewWish): Promise<number> {
  const { kind, objects, ids = null, expiresInMs = null } = wish;
  return control.db.transaction(async (tx) => {
    await purgeWishes(tx, syncId);
    const [made] = await insertWish(tx, { syncId, kind, objects, ids, expiresInMs });
    if (!made) throw new Fault('PRX-01');
    await notify(tx, syncChannel, syncId);
    return made.wish_id;
  });
}

/** Those that are open, oldest first; from now on whoever made them knows that they have been seen. */
export async function takeWishes(control: Control, syncId: SyncId): Promise<OpenWish[]> {
  const open = await selectOpenWishes(control.db, syncId);
  const fresh = open.filter((wish) => !wish.is_taken).map((wish) => wish.wish_id);
  if (fresh.length > 0) await markWishesTaken(control.db, fresh);
  return open.map(({ wish_id: id, kind, objects, ids }) => ({
    id,
    kind: kind as WishKind,
    objects,
    ids: ids as RecordId[] | null,
  }));
}

/** Counts and names, for whoever waits. One that cannot be written is left out: the next one says more. */
export async function reportWish(control: Control, wishId: number, progress: object): Promise<void> {
  await updateProgress(control.db, wishId, progress).catch(() => undefined);
}

/** Once and for all: a second end, and one of a wish that was withdrawn, changes nothing. */
export async function endWish(
  control: Control,
  wishId: number,
  outcome: { result: object } | { fault: Fault },
): Promise<void> {
  if ('result' in outcome) {
    await updateEnded(control.db, wishId, { result: outcome.result, fault: null });
    return;
  }
  const { code, message: explanation, next } = outcome.fault;
  await updateEnded(control.db, wishId, { result: null, fault: { code, explanation, next } });
}

/** Null: it was withdrawn, has expired, or its sync was erased. */
export async function readWish(control: Control, wishId: number): Promise<WishStatus | null> {
  const [row] = await selectWish(control.db, wishId);
  return row ? toStatus(row) : null;
}

/** Takes back what nobody waits for any more. False: it has ended, or is gone already. */
export const withdrawWish = (control: Control, wishId: number): Promise<boolean> =>
  control.db.transaction(async (tx) => {
    const [withdrawn] = await deleteOpenWish(tx, wishId);
    if (!withdrawn) return false;
    await notify(tx, syncChannel, withdrawn.sync_id);
    await notify(tx, wishChannel, String(wishId));
    return true;
  });

const toStatus = (row: WishRow): WishStatus => ({
  id: row.wish_id,
  syncId: row.sync_id,
  kind: row.kind as WishKind,
  isTaken: row.is_taken,
  progress: row.progress,
  tookMs: row.took_ms,
  end: row.has_ended ? endOf(row) : null,
});

const endOf = ({ fault_code: code, fault_explanation, fault_next, result }: WishRow): WishEnd =>
  code === null
    ? { result }
    : { fault: { code, explanation: fault_explanation ?? '', next: fault_next ?? '' } };
