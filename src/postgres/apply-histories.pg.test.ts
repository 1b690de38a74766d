/** The merge rule twice: in TypeScript, and in the SQL that applies it. Random histories of readings hold them equal. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { idOf, openDestinationWorld, record, stampAt } from '../../test/destination.ts';
import { decide, type Fence, type Reading } from '../core/merge-rule.ts';
import { sql } from '../lib/sql.ts';
import type { Applied } from './apply.ts';
import { closeObservation } from './observations.ts';

type World = Awaited<ReturnType<typeof openDestinationWorld>>;

/** What one answer says of one record. */
interface Seen {
  number: number;
  name: string;
  stampSeconds: number;
  fate: 'there' | 'deleted' | 'absent';
}

type Step =
  | { do: 'open' }
  /** Applies a page of the reading that stands at `which` among the open ones; a part may not be the last. */
  | { do: 'apply'; which: number; seen: Seen[]; isLast: boolean }
  | { do: 'close'; which: number }
  | { do: 'mark'; number: number }
  | { do: 'patch'; number: number }
  /** The record's fence is of a reading that began after every one that is open now has ended. */
  | { do: 'advance'; number: number };

const numbers = fc.integer({ min: 1, max: 4 });
const seen: fc.Arbitrary<Seen> = fc.record({
  number: numbers,
  name: fc.constantFrom('a', 'b'),
  stampSeconds: fc.integer({ min: 0, max: 7 }),
  fate: fc.oneof(
    { weight: 6, arbitrary: fc.constant('there' as const) },
    { weight: 2, arbitrary: fc.constant('deleted' as const) },
    { weight: 1, arbitrary: fc.constant('absent' as const) },
  ),
});
const which = fc.integer({ min: 0, max: 5 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.constant({ do: 'open' as const }) },
  {
    weight: 9,
    arbitrary: fc.record({
      do: fc.constant('apply' as const),
      which,
      seen: fc.array(seen, { maxLength: 4 }),
      isLast: fc.oneof(
        { weight: 4, arbitrary: fc.constant(true) },
        { weight: 1, arbitrary: fc.constant(false) },
      ),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mark' as const), number: numbers }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('patch' as const), number: numbers }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('advance' as const), number: numbers }) },
);

type Row = Pick<Seen, 'name' | 'stampSeconds'>;

/** The destination as the rule in words would keep it, with a ticket counter of its own. */
class Model {
  ticket = 0;
  rows = new Map<number, Row>();
  fences = new Map<number, Fence>();
  marks = new Map<number, number>();
  open: number[] = [];

  apply(lo: number, page: readonly Seen[], isLast: boolean): Applied {
    const hi = ++this.ticket;
    if (isLast) this.open = this.open.filter((other) => other !== lo);
    const counts: Applied = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
    for (const [number, of] of Map.groupBy(page, (each) => each.number)) {
      const [newest, next] = of.toSorted((a, b) => b.stampSeconds - a.stampSeconds);
      assert.ok(newest);
      counts.stale += of.length - 1;
      const isTied = next?.stampSeconds === newest.stampSeconds;
      counts[this.merge(number, newest, { lo, hi }, isTied)]++;
    }
    const horizon = Math.min(...this.open);
    for (const [number, { hi: end }] of this.fences) if (end <= horizon) this.fences.delete(number);
    return counts;
  }

  private merge(
    number: number,
    record: Seen,
    bounds: { lo: number; hi: number },
    isTied: boolean,
  ): keyof Applied {
    const row = this.rows.get(number);
    const isGone = record.fate !== 'there';
    const stamp = record.fate === 'absent' ? null : record.stampSeconds;
    const reading: Reading = { ...bounds, stamp, deleted: isGone };
    const isSame = isGone
      ? row === undefined
      : row?.name === record.name && row.stampSeconds === record.stampSeconds;
    const verdict = isTied ? 'dirty' : decide(reading, this.fences.get(number) ?? null, isSame);
    if (verdict === 'dirty') this.marks.set(number, bounds.hi);
    if (verdict === 'dirty' || verdict === 'stale') return verdict;
    if ((this.marks.get(number) ?? Infinity) < bounds.lo) this.marks.delete(number);
    if (verdict === 'nothing') return 'unchanged';
    if (isGone) this.rows.delete(number);
    else this.rows.set(number, { name: record.name, stampSeconds: record.stampSeconds });
    const isAnotherOpen = this.open.some((lo) => lo !== bounds.lo && lo < bounds.hi);
    if (isAnotherOpen) this.fences.set(number, { ...reading, partial: false });
    return isSame ? 'unchanged' : 'applied';
  }

  /** In the form that `stateOf` reads from the destination. */
  state() {
    const byId = <Value, Out>(map: Map<number, Value>, out: (value: Value) => Out) =>
      [...map].toSorted(([a], [b]) => a - b).map(([number, value]) => [idOf(number), out(value)]);
    return {
      rows: byId(this.rows, ({ name, stampSeconds }) => [name, stampSeconds]),
      fences: byId(this.fences, (f) => [f.lo, f.hi, f.stamp, f.deleted, f.partial]),
      marks: byId(this.marks, (since) => since),
      kept: this.rows.size,
      open: this.open,
    };
  }
}

async function stateOf(world: World) {
  const [found] = await world.db.query<{ state: ReturnType<Model['state']> }>(sql`
    SELECT json_build_object(
      'rows', (SELECT coalesce(json_agg(json_build_array(id, json_build_array(name,
                 extract(epoch FROM systemmodstamp - timestamptz '2026-01-01Z')::integer)) ORDER BY id), '[]')
                 FROM salesforce.account),
      'fences', (SELECT coalesce(json_agg(json_build_array(id, json_build_array(lo, hi,
                 extract(epoch FROM stamp - timestamptz '2026-01-01Z')::integer, deleted, partial)) ORDER BY id), '[]')
                 FROM _lockstep.fence),
      'marks', (SELECT coalesce(json_agg(json_build_array(id, since) ORDER BY id), '[]') FROM _lockstep.dirty),
      'kept', (SELECT rows FROM _lockstep.checkpoint),
      'open', (SELECT coalesce(json_agg(lo ORDER BY lo), '[]') FROM _lockstep.observation)) AS state`);
  return found?.state;
}

/** Absent Ids are asked for and not in the answer, so a page holds no record of theirs. */
const splitPage = (seen: readonly Seen[]) => {
  const absent = new Set(seen.filter(({ fate }) => fate === 'absent').map(({ number }) => number));
  const there = seen.filter(({ number }) => !absent.has(number));
  const gone = [...absent].map((number): Seen => ({ number, name: '', stampSeconds: -1, fate: 'absent' }));
  return { absent, page: [...there, ...gone], records: there };
};

async function take(world: World, model: Model, step: Step): Promise<void> {
  if (step.do === 'open') {
    if (model.open.length === 5) return;
    model.open.push(++model.ticket);
    assert.equal((await world.open()).lo, model.ticket);
  } else if (step.do === 'mark') {
    model.marks.set(step.number, ++model.ticket);
    await world.db.query(sql`
      INSERT INTO _lockstep.dirty VALUES (1, ${idOf(step.number)}, nextval('_lockstep.ticket'), false, 'test')
      ON CONFLICT (stream_no, id) DO UPDATE SET since = EXCLUDED.since`);
  } else if (step.do === 'advance') {
    const fence = model.fences.get(step.number);
    if (fence) Object.assign(fence, { lo: fence.lo + 1000, hi: fence.hi + 1000 });
    await world.db.query(
      sql`UPDATE _lockstep.fence SET lo = lo + 1000, hi = hi + 1000 WHERE id = ${idOf(step.number)}`,
    );
  } else if (step.do === 'patch') {
    const fence = model.fences.get(step.number);
    if (fence) fence.partial = true;
    await world.db.query(sql`UPDATE _lockstep.fence SET partial = true WHERE id = ${idOf(step.number)}`);
  } else {
    const lo = model.open[step.which % Math.max(1, model.open.length)];
    if (lo === undefined) return;
    if (step.do === 'close') {
      model.open = model.open.filter((other) => other !== lo);
      return closeObservation(world.destination.db, { lo });
    }
    const { absent, page, records } = splitPage(step.seen);
    const texts = records.map(({ number, name, stampSeconds, fate }) =>
      record(number, { Name: name, SystemModstamp: stampAt(stampSeconds), IsDeleted: fate === 'deleted' }),
    );
    const part = { observation: { lo }, isLast: step.isLast, absent: [...absent].map(idOf) };
    assert.deepEqual(await world.apply(texts, part), model.apply(lo, page, step.isLast));
    assert.deepEqual(await stateOf(world), model.state());
  }
}

test('over any history of readings the SQL and the rule keep the same rows, fences, marks and counts', async () => {
  await using world = await openDestinationWorld();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60, size: 'max' }), async (history) => {
      await world.db.script(`
        DELETE FROM salesforce.account; DELETE FROM _lockstep.fence; DELETE FROM _lockstep.dirty;
        DELETE FROM _lockstep.observation; UPDATE _lockstep.checkpoint SET rows = 0;
        ALTER SEQUENCE _lockstep.ticket RESTART`);
      const model = new Model();
      for (const each of history) await take(world, model, each);
    }),
    { numRuns: 150 },
  );
});
