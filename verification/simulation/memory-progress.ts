/** How far the streams of a destination in memory have come: their checkpoints, cursors and figures. */
import type { CursorMove, Progress, StreamFigures, StreamTable } from 'lockstep/postgres';
import { dueMarks, type RemovalLimit } from './memory-missing.ts';
import type { StreamRecord } from './memory-stream.ts';

type Streams = ReadonlyMap<number, StreamRecord>;

/** @param tables  by stream number */
export function progressOf(
  streams: Streams,
  tables: ReadonlyMap<number, StreamTable>,
  limit: RemovalLimit,
): Progress {
  return {
    checkpoints: [...streams].map(([streamNo, stream]) => ({
      stream_no: streamNo,
      ...namesOf(tables, streamNo),
      plan_version: 1,
      state: stream.state,
      stop_code: stream.stopCode,
      rows: stream.rows.size,
      rows_expected: stream.rowsExpected,
      backfilled: stream.backfilledAt !== null,
    })),
    cursors: [...streams].flatMap(([streamNo, { cursors }]) =>
      [...cursors].map(([kind, { position, version }]) => ({ stream_no: streamNo, kind, position, version })),
    ),
    figures: figuresOf(streams, limit),
    problems: [...streams.values()].flatMap(({ problems }) => [...problems.values()]),
    bulkPages: [...streams.values()].flatMap(({ bulkPages }) => bulkPages.map((page) => ({ ...page }))),
  };
}

function namesOf(tables: ReadonlyMap<number, StreamTable>, streamNo: number) {
  const table = tables.get(streamNo);
  if (!table) throw new Error('the stream has no table');
  return { sobject: table.stream.sobject, table_name: table.stream.table };
}

export function figuresOf(streams: Streams, limit: RemovalLimit): StreamFigures[] {
  return [...streams].map(([stream_no, stream]) => {
    const due = stream.state === 'stopped' ? [] : dueMarks(stream, limit).map(([, mark]) => mark);
    const isMarked = due.length > 0;
    return {
      stream_no,
      rows: stream.rows.size,
      urgent: isMarked ? due.some(({ urgent, reason }) => urgent && reason !== 'absent') : null,
      oldest: isMarked ? Math.min(...due.map(({ first }) => first)) : null,
    };
  });
}

/** Starts a stream whose cursors stand at `positions`; a stream that has begun already keeps its own. */
export function beginStream(stream: StreamRecord, positions: object, rowsExpected: number | null): void {
  for (const [kind, position] of Object.entries(positions) as [string, unknown][]) {
    if (position && !stream.cursors.has(kind)) stream.cursors.set(kind, { position, version: 1 });
  }
  if (stream.state !== 'queued') return;
  stream.state = 'backfilling';
  stream.rowsExpected = rowsExpected;
}

/** False if somebody else has moved the cursor since it was loaded; then it stays. */
export function moveCursor(stream: StreamRecord, move: CursorMove): boolean {
  const cursor = stream.cursors.get(move.kind);
  if ((cursor?.version ?? 0) !== move.version) return false;
  stream.cursors.set(move.kind, { position: copyOf(move.to), version: move.version + 1 });
  if (move.backfilledAt !== undefined) {
    stream.backfilledAt ??= move.backfilledAt;
    stream.state = 'current';
  }
  return true;
}

/** A copy, as in a database: the caller cannot change it any more. */
const copyOf = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
