import type { Clock } from '@lockstep/foundation/clock';
import type { Fault } from '../../core/faults.ts';
import type { RecordId } from '../../core/ids.ts';
import type { AppLog } from '../../core/log-fields.ts';
import type { Page } from '../../core/page.ts';
import {
  type CursorMove,
  concernsOneTable,
  type Mirror,
  type Observation,
  type PagePart,
  type StreamFigures,
  type StreamTable,
} from '../../postgres/index.ts';
import type { Slot, SlotStep } from '../cursors/reading.ts';
import type { RelatedRecords } from '../writes/related-records.ts';
import type { StreamState } from './sync-state.ts';

/** A page and what it means. It is not applied yet. */
export interface Part {
  table: StreamTable;
  slot: Slot;
  page: Page;
  step: SlotStep;
}

/** A log of deletions that was requested along with the queries. */
export interface DeletedLogPart {
  index: number;
  table: StreamTable;
  moves: readonly CursorMove[];
  /** Rows to read again because the log of deletions names them. */
  ids: readonly RecordId[];
  after: StreamState;
}

/** A stream whose object was refused for good. `fault` null: it can be read again. */
export interface Stop {
  table: StreamTable;
  fault: Fault | null;
}

interface ApplyDeps {
  clock: Clock;
  log: AppLog;
  mirror: Mirror;
  related: RelatedRecords;
}

interface PartsApplied {
  /** As of the last part's transaction. */
  figures: readonly StreamFigures[];
  /** Indexes of the streams that had a page stored: nothing is wrong with their tables. */
  stored: ReadonlySet<number>;
  /** Streams whose table refused something, with the database's error. The others went on. */
  failed: ReadonlyMap<number, unknown>;
  areCursorsMoved: boolean;
}

/**
 * The moves of one request, by stream, in the order of its slots. A page without rows has no transaction of its own:
 * its moves wait for the stream's next one. Once a cursor could not be moved, its later moves are dropped.
 */
class Moves {
  private readonly waiting = new Map<number, CursorMove[]>();
  private readonly unmoved = new Set<string>();

  add(index: number, moves: readonly CursorMove[]): void {
    this.waiting.set(index, [...(this.waiting.get(index) ?? []), ...moves]);
  }

  /** Takes all moves that wait, for the next transaction. */
  take(index: number): readonly CursorMove[] {
    const moves = this.waiting.get(index) ?? [];
    this.waiting.delete(index);
    return moves.filter(({ kind }) => !this.unmoved.has(`${index} ${kind}`));
  }

  keepUnmoved(index: number, kinds: readonly string[]): void {
    for (const kind of kinds) this.unmoved.add(`${index} ${kind}`);
  }

  get areAllTaken(): boolean {
    return this.unmoved.size === 0;
  }
}

/** Applies each part that touches a table in its own transaction, then the rest in the one that closes the reading. */
export async function applyParts(
  deps: ApplyDeps,
  {
    parts,
    deletedLogs,
    stops,
  }: { parts: readonly Part[]; deletedLogs: readonly DeletedLogPart[]; stops: readonly Stop[] },
  observation: Observation,
  hi?: number,
): Promise<PartsApplied> {
  const failed = new Map<number, unknown>();
  const stored = new Set<number>();
  const moves = new Moves();
  const ofOneTable = async (index: number, apply: () => Promise<readonly CursorMove['kind'][]>) => {
    try {
      moves.keepUnmoved(index, await apply());
    } catch (error) {
      if (!concernsOneTable(error)) throw error;
      failed.set(index, error);
    }
  };
  for (const part of parts) {
    const { index } = part.slot;
    if (failed.has(index)) continue;
    moves.add(index, part.step.moves);
    if (!hasRows(part)) continue;
    await ofOneTable(index, () => applyOnePage(deps, part, moves.take(index), { observation, hi }));
    stored.add(index);
  }
  for (const { index, table, ids, moves: own } of deletedLogs) {
    if (failed.has(index)) continue;
    if (ids.length === 0) {
      moves.add(index, own);
      continue;
    }
    // Checks which of the Ids are in the table.
    const marks = { ids, reason: 'deleted log' as const };
    const part = { observation, hi, isLast: false };
    await ofOneTable(
      index,
      async () => (await deps.mirror.applyRemainder([{ table, moves: own, marks }], part)).unmoved,
    );
  }
  const tables = new Map([
    ...parts.map(({ slot, table }) => [slot.index, table] as const),
    ...deletedLogs.map(({ index, table }) => [index, table] as const),
  ]);
  const rest = [
    ...[...tables]
      .filter(([index]) => !failed.has(index))
      .map(([index, table]) => ({ table, moves: moves.take(index) })),
    ...stops.map(({ table, fault }) => ({ table, moves: [], stop: fault })),
  ];
  const last = await deps.mirror.applyRemainder(rest, { observation, hi, isLast: true });
  return {
    figures: last.figures,
    stored: new Set([...stored].filter((index) => !failed.has(index))),
    failed,
    areCursorsMoved: last.unmoved.length === 0 && moves.areAllTaken,
  };
}

const hasRows = ({ page, step }: Part) =>
  page.count > 0 || page.torn !== undefined || (step.absent?.length ?? 0) > 0;

/** @returns the kinds of the cursors that could not be moved */
async function applyOnePage(
  deps: ApplyDeps,
  { table, slot, page, step }: Part,
  moves: readonly CursorMove[],
  reading: Pick<PagePart, 'observation' | 'hi'>,
): Promise<readonly CursorMove['kind'][]> {
  const began = deps.clock.now();
  const { absent, partial, check } = step;
  // First, because the cursor moves past them; their marks are newer than this reading.
  if (page.torn) await deps.mirror.markRows(table.stream.streamNo, page.torn, 'torn', false);
  const { counts, unmoved, merged } = await deps.mirror.applyPage(table, page, {
    ...reading,
    isLast: false,
    moves,
    ...(absent && { absent }),
    ...(partial && { partial }),
    ...(check && { check }),
  });
  const fields = { stream: table.stream.sobject, kind: slot.kind, rows: page.count };
  deps.log.debug('page applied', { ...fields, tookMs: deps.clock.now() - began });
  if (merged.length > 0) deps.related.stored({ table, ids: [], deletedIds: merged, formerMasters: [] });
  if (counts.quarantined > 0) deps.log.warn('rows set aside', { ...fields, rows: counts.quarantined });
  return unmoved;
}
