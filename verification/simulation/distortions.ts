/**
 * Unexpected forms of an answer: a record twice, records in another order, rows silently left out. Salesforce's
 * documents rule none of them out, so the product must handle them.
 */
import type { Random } from '@lockstep/foundation/random';
import { newest } from './org.ts';
import { type QueryAnswer, textOf } from './soql.ts';

/**
 * Repeats one record before its own place: as it is, or in its previous version, as if it was changed while the rows
 * were gathered. The older version never has a newer stamp.
 */
export function doubled(answer: QueryAnswer, random: Random): QueryAnswer {
  const { records, texts, limit, isPart } = answer;
  if (records.length === 0) return answer;
  const place = random.between(0, records.length - 1);
  const record = records[place] as (typeof records)[number];
  const older = record.versions.at(-2);
  const hasRoom = records.length < limit;
  const isOlder =
    !isPart &&
    hasRoom &&
    older !== undefined &&
    !older.isDeleted &&
    older.stamp <= (newest(record)?.stamp ?? 0);
  const text = isOlder ? textOf(record, older) : (texts[place] as string);
  const at = random.between(0, place);
  return whole(
    answer,
    records.toSpliced(at, 0, record).slice(0, limit),
    texts.toSpliced(at, 0, text).slice(0, limit),
  );
}

/** Puts the records in any order. */
export function shuffled(answer: QueryAnswer, random: Random): QueryAnswer {
  const places = answer.records.map((_, place) => place);
  for (let last = places.length - 1; last > 0; last--) {
    const other = random.between(0, last);
    [places[last], places[other]] = [places[other] as number, places[last] as number];
  }
  return {
    ...answer,
    records: places.map((place) => answer.records[place] as (typeof answer.records)[number]),
    texts: places.map((place) => answer.texts[place] as string),
  };
}

/** Keeps only the first records, and claims that there are no more. */
export function shortened(answer: QueryAnswer, random: Random): QueryAnswer {
  const { records, texts } = answer;
  const count = random.between(0, records.length);
  return { ...whole(answer, records.slice(0, count), texts.slice(0, count)), done: true };
}

/** Leaves out some of the records silently. */
export function thinned(answer: QueryAnswer, random: Random): QueryAnswer {
  const isKept = answer.records.map(() => random.next() < 0.7);
  const kept = <One>(list: readonly One[]) => list.filter((_, place) => isKept[place]);
  return { ...whole(answer, kept(answer.records), kept(answer.texts)), done: true };
}

/** Gives the answer the `totalSize` that it would have. */
function whole(answer: QueryAnswer, records: QueryAnswer['records'], texts: readonly string[]): QueryAnswer {
  const keptBack = answer.totalSize - answer.records.length;
  return { ...answer, records, texts, totalSize: answer.done ? records.length : records.length + keptBack };
}
