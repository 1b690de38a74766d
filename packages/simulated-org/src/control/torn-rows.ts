import { isObject, parseExact, printExact } from '@lockstep/foundation/exact-json';
import type { Random } from '@lockstep/foundation/random';
import type { RowCorruption } from './fault.ts';

/**
 * Corrupts an answer: the records of a page, the entries of a list, or a single object. Numbers keep their digits. A
 * body that is not JSON stays as it is.
 */
export function corruptRows(body: string, tear: RowCorruption, random: Random): string {
  const answer = parsed(body);
  return answer === undefined ? body : printExact(tornAnswer(answer, tear, random), (text) => text);
}

function parsed(body: string): unknown {
  try {
    return parseExact(body);
  } catch {
    return undefined;
  }
}

function tornAnswer(answer: unknown, tear: RowCorruption, random: Random): unknown {
  if (Array.isArray(answer)) return tornList(answer, tear, random);
  if (!isObject(answer)) return answer;
  if (!Array.isArray(answer.records)) return tornRow(answer, tear);
  const records = tornList(answer.records, tear, random);
  const torn = { ...answer, records };
  // The Id of no locator: a client that follows it is refused.
  return tear.notDone
    ? { ...torn, done: false, nextRecordsUrl: '/services/data/v62.0/query/0r8000000000000AAA-2000' }
    : torn;
}

function tornList(rows: readonly unknown[], tear: RowCorruption, random: Random): unknown[] {
  const kept = rows.slice(0, Math.max(0, rows.length - (tear.dropLast ?? 0)));
  const torn = kept.map((row) => (isObject(row) ? tornRow(row, tear) : row));
  const doubled = torn.flatMap((row, index) => (index < (tear.duplicate ?? 0) ? [row, row] : [row]));
  const ordered = tear.shuffle ? shuffled(doubled, random) : doubled;
  return tear.nullRecord ? ordered.toSpliced(Math.floor(ordered.length / 2), 0, null) : ordered;
}

function tornRow(row: Record<string, unknown>, tear: RowCorruption): Record<string, unknown> {
  const torn = { ...row, ...tear.extra };
  for (const name of tear.wrongType ?? []) if (name in row) torn[name] = [row[name]];
  for (const [name, value] of Object.entries(tear.replace ?? {})) if (name in row) torn[name] = value;
  return torn;
}

/** Fisher–Yates. */
function shuffled(rows: readonly unknown[], random: Random): unknown[] {
  const mixed = [...rows];
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = random.between(0, last);
    [mixed[last], mixed[other]] = [mixed[other], mixed[last]];
  }
  return mixed;
}
