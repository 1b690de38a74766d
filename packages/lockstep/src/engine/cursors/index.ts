/** All kinds of cursors. A new kind is a module that is listed here. */
import { assert } from '@lockstep/foundation/assert';
import type { ServerSeconds } from '../../core/stamps.ts';
import type { Stream } from '../../postgres/index.ts';
import { backfill } from './backfill.ts';
import { bulk } from './bulk.ts';
import { content } from './content.ts';
import { counts } from './counts.ts';
import { deleted } from './deleted-log.ts';
import { head } from './head.ts';
import { newParents } from './new-parents.ts';
import { reRead } from './re-read.ts';
import type { CursorKind, ReadingKind } from './reading.ts';
import { recheck } from './recheck.ts';
import { repair } from './repair.ts';
import { sweep } from './sweep.ts';

/** In the order in which a request takes what is due. */
export const cursors: readonly CursorKind[] = [
  backfill,
  bulk,
  head,
  recheck,
  newParents,
  repair,
  sweep,
  content,
  deleted,
  counts,
];

export const readings = (): readonly ReadingKind[] => [
  reRead,
  ...cursors.flatMap((cursor) => cursor.readings),
];

export function readingOf({ kind }: { kind: string }): ReadingKind {
  const reading = readings().find((one) => one.kind === kind);
  assert(reading, `every slot has a known kind: ${kind}`);
  return reading;
}

/** Where the cursors of a new stream begin. */
export const startPositions = (stream: Stream, serverNow: ServerSeconds): Record<string, object | null> =>
  Object.fromEntries(cursors.map(({ kind, start }) => [kind, start(stream, serverNow)]));
