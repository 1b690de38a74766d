/** The merge rule exists twice: in TypeScript, and in the SQL that applies it. Random histories test that they agree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sql } from '@lockstep/foundation/sql';
import { idOf, openDestinationHarness, record, stampAt } from '@lockstep/harness/destination';
import { assertProperty } from '@lockstep/harness/property';
import fc from 'fast-check';
import { decide, decidePartial, type Fence, type Reading, type Verdict } from '../core/merge-rule.ts';
import { closeObservation, type Observation } from './observations.ts';
import type { ApplyCounts } from './page-part.ts';

type DestinationHarness = Awaited<ReturnType<typeof openDestinationHarness>>;

/** What one answer says about one record. */
interface Seen {
  number: number;
  name: string;
  stampSeconds: number;
  /** Changes without a new stamp. */
  formula: number;
  state: 'there' | 'deleted' | 'absent';
}

type Step =
  | { do: 'open' }
  /**
   * Applies a page of the open reading number `which`; it may or may not be the last part. It may end with the ticket
   * that the next reading began with.
   */
  | { do: 'apply'; which: number; seen: Seen[]; isLast: boolean; endsWithNext: boolean }
  /** The same for a sweep, whose records have only some of the columns. */
  | { do: 'sweep'; which: number; seen: Seen[]; isLast: boolean; settledAfter: number; endsWithNext: boolean }
  | { do: 'close'; which: number }
  | { do: 'mark'; number: number }
  | { do: 'patch'; number: number }
  /** Moves the record's fence: its reading then ends, or even begins, after all readings that are open now. */
  | { do: 'advance'; number: number; beginsLater: boolean };

const numbers = fc.integer({ min: 1, max: 4 });
const seen: fc.Arbitrary<Seen> = fc.record({
  number: numbers,
  name: fc.constantFrom('a', 'b'),
  stampSeconds: fc.integer({ min: 0, max: 7 }),
  formula: fc.integer({ min: 0, max: 1 }),
  state: fc.oneof(
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
      endsWithNext: fc.boolean(),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('sweep' as const),
      which,
      seen: fc.uniqueArray(seen, { maxLength: 4, selector: ({ number }) => number }),
      isLast: fc.boolean(),
      settledAfter: fc.integer({ min: 0, max: 8 }),
      endsWithNext: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), which }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('mark' as const), number: numbers }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('patch' as const), number: numbers }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('advance' as const), number: numbers, beginsLater: fc.boolean() }),
  },
);

type Row = Pick<Seen, 'name' | 'stampSeconds' | 'formula'>;

interface Bounds {
  lo: number;
  hi: number;
}

interface PartEnd {
  isLast: boolean;
  hi: number | undefined;
}

/** The destination as the TypeScript rule would keep it, with its own ticket counter. */
class Model {
  ticket = 0;
  rows = new Map<number, Row>();
  fences = new Map<number, Fence>();
  marks = new Map<number, { since: number; reason: string }>();
  open: number[] = [];

  /** The first open reading that began after `lo`. */
  next(lo: number): number | undefined {
    return this.open.find((other) => other > lo);
  }

  /** A part ends with the given ticket or its own; one is taken in any case. */
  private end(lo: number, { isLast, hi }: PartEnd): number {
    const own = ++this.ticket;
    if (isLast) this.open = this.open.filter((other) => other !== lo);
    return hi ?? own;
  }

  apply(lo: number, page: readonly Seen[], end: PartEnd): ApplyCounts {
    const hi = this.end(lo, end);
    const counts: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
    for (const [number, of] of Map.groupBy(page, (each) => each.number)) {
      const [newest, next] = of.toSorted((a, b) => b.stampSeconds - a.stampSeconds);
      assert.ok(newest);
      counts.stale += of.length - 1;
      const isTied = next?.stampSeconds === newest.stampSeconds;
      counts[this.merge(number, newest, { lo, hi }, isTied)]++;
    }
    this.purge();
    return counts;
  }

  sweep(lo: number, part: readonly Seen[], end: PartEnd & { settledUntil: number }): ApplyCounts {
    const hi = this.end(lo, end);
    const { settledUntil } = end;
    const counts: ApplyCounts = { applied: 0, unchanged: 0, stale: 0, dirty: 0, quarantined: 0 };
    for (const each of part) counts[this.patch(each, { lo, hi, settledUntil })]++;
    this.purge();
    return counts;
  }

  private purge(): void {
    const horizon = Math.min(...this.open);
    for (const [number, { hi: end }] of this.fences) if (end <= horizon) this.fences.delete(number);
  }

  private patch(
    { number, stampSeconds, formula, state }: Seen,
    { lo, hi, settledUntil }: Bounds & { settledUntil: number },
  ): keyof ApplyCounts {
    const row = this.rows.get(number);
    const isAbsent = state !== 'there';
    const stamp = isAbsent ? null : stampSeconds;
    const isSame = !isAbsent && row?.stampSeconds === stampSeconds && row.formula === formula;
    const fence = this.fences.get(number) ?? null;
    const verdict = decidePartial(
      { lo, hi, stamp, isAbsent, settledUntil },
      fence,
      row ? { stamp: row.stampSeconds } : null,
      isSame,
    );
    const mark = this.marks.get(number);
    if (verdict === 'dirty') this.mark(number, hi, isAbsent ? 'absent' : 'differs');
    if (verdict === 'dirty' || verdict === 'stale') return verdict;
    if (!isAbsent && mark?.reason === 'absent' && mark.since < lo) this.marks.delete(number);
    if (verdict === 'nothing') return 'unchanged';
    if (row) row.formula = formula;
    this.fence(number, { lo, hi, stamp, deleted: false, partial: true });
    return isSame ? 'unchanged' : 'applied';
  }

  /** A mark's ticket never decreases, and `absent` does not replace the reason of an existing mark. */
  private mark(number: number, hi: number, reason: string): void {
    const before = this.marks.get(number);
    this.marks.set(number, {
      since: Math.max(before?.since ?? hi, hi),
      reason: reason === 'absent' ? (before?.reason ?? reason) : reason,
    });
  }

  private fence(number: number, fence: Fence): void {
    const isAnotherOpen = this.open.some((lo) => lo !== fence.lo && lo < fence.hi);
    if (isAnotherOpen) this.fences.set(number, fence);
  }

  private merge(number: number, record: Seen, bounds: Bounds, isTied: boolean): keyof ApplyCounts {
    const row = this.rows.get(number);
    const isGone = record.state !== 'there';
    const stamp = record.state === 'absent' ? null : record.stampSeconds;
    const reading: Reading = { ...bounds, stamp, deleted: isGone };
    const isSame = isGone
      ? row === undefined
      : row?.name === record.name &&
        row.stampSeconds === record.stampSeconds &&
        row.formula === record.formula;
    const verdict: Verdict = isTied ? 'dirty' : decide(reading, this.fences.get(number) ?? null, isSame);
    if (verdict === 'dirty') this.mark(number, bounds.hi, isGone ? 'absent' : 'overlap');
    if (verdict === 'dirty' || verdict === 'stale') return verdict;
    if ((this.marks.get(number)?.since ?? Infinity) < bounds.lo) this.marks.delete(number);
    if (verdict === 'nothing') return 'unchanged';
    if (isGone) this.rows.delete(number);
    else {
      const { name, stampSeconds, formula } = record;
      this.rows.set(number, { name, stampSeconds, formula });
    }
    this.fence(number, { ...reading, partial: false });
    return isSame ? 'unchanged' : 'applied';
  }

  /** In the form in which `stateOf` reads the destination. */
  state() {
    const byId = <Value, Out>(map: Map<number, Value>, out: (value: Value) => Out) =>
      [...map].toSorted(([a], [b]) => a - b).map(([number, value]) => [idOf(number), out(value)]);
    return {
      rows: byId(this.rows, ({ name, stampSeconds, formula }) => [name, stampSeconds, formula]),
      fences: byId(this.fences, (f) => [f.lo, f.hi, f.stamp, f.deleted, f.partial]),
      marks: byId(this.marks, ({ since, reason }) => [since, reason]),
      kept: this.rows.size,
      open: this.open,
    };
  }
}

async function stateOf(harness: DestinationHarness) {
  const [found] = await harness.db.query<{ state: ReturnType<Model['state']> }>(sql`
    SELECT json_build_object(
      'rows', (SELECT coalesce(json_agg(json_build_array(id, json_build_array(name,
                 extract(epoch FROM systemmodstamp - timestamptz '2026-01-01Z')::integer, formula__c)) ORDER BY id), '[]')
                 FROM salesforce.account),
      'fences', (SELECT coalesce(json_agg(json_build_array(id, json_build_array(lo, hi,
                 extract(epoch FROM stamp - timestamptz '2026-01-01Z')::integer, deleted, partial)) ORDER BY id), '[]')
                 FROM _lockstep.fence),
      'marks', (SELECT coalesce(json_agg(json_build_array(id, json_build_array(since_ticket, reason)) ORDER BY id), '[]')
                  FROM _lockstep.dirty),
      'kept', (SELECT rows FROM _lockstep.checkpoint),
      'open', (SELECT coalesce(json_agg(lo ORDER BY lo), '[]') FROM _lockstep.observation)) AS state`);
  return found?.state;
}

/** Absent Ids were asked for and are not in the answer, so a page has no record with such an Id. */
const splitPage = (seen: readonly Seen[]) => {
  const absent = new Set(seen.filter(({ state }) => state === 'absent').map(({ number }) => number));
  const there = seen.filter(({ number }) => !absent.has(number));
  const gone = [...absent].map(
    (number): Seen => ({ number, name: '', stampSeconds: -1, formula: 0, state: 'absent' }),
  );
  return { absent, page: [...there, ...gone], records: there };
};

async function take(
  harness: DestinationHarness,
  model: Model,
  readings: Map<number, Observation>,
  step: Step,
): Promise<void> {
  if (step.do === 'open') {
    if (model.open.length === 5) return;
    model.open.push(++model.ticket);
    const observation = await harness.open();
    assert.equal(observation.lo, model.ticket);
    readings.set(observation.lo, observation);
  } else if (step.do === 'mark') {
    model.marks.set(step.number, { since: ++model.ticket, reason: 'written' });
    await harness.db.query(sql`
      INSERT INTO _lockstep.dirty (stream_no, id, since_ticket, first_since_ticket, urgent, reason)
      VALUES (1, ${idOf(step.number)}, nextval('_lockstep.ticket'), currval('_lockstep.ticket'), false, 'written')
      ON CONFLICT (stream_no, id) DO UPDATE SET since_ticket = EXCLUDED.since_ticket, reason = EXCLUDED.reason`);
  } else if (step.do === 'advance') {
    const fence = model.fences.get(step.number);
    const later = step.beginsLater ? 1_000 : 0;
    if (fence) Object.assign(fence, { lo: fence.lo + later, hi: fence.hi + 1_000 });
    await harness.db.query(
      sql`UPDATE _lockstep.fence SET lo = lo + ${later}, hi = hi + 1000 WHERE id = ${idOf(step.number)}`,
    );
  } else if (step.do === 'patch') {
    const fence = model.fences.get(step.number);
    if (fence) fence.partial = true;
    await harness.db.query(sql`UPDATE _lockstep.fence SET partial = true WHERE id = ${idOf(step.number)}`);
  } else {
    const lo = model.open[step.which % Math.max(1, model.open.length)];
    const observation = readings.get(lo ?? 0);
    if (lo === undefined || !observation) return;
    if (step.do === 'close') {
      model.open = model.open.filter((other) => other !== lo);
      return closeObservation(harness.destination.db, observation);
    }
    const hi = step.endsWithNext ? model.next(lo) : undefined;
    if (step.do === 'sweep') {
      const there = step.seen.filter(({ state }) => state === 'there');
      const absent = step.seen.filter(({ state }) => state !== 'there').map(({ number }) => idOf(number));
      const texts = there.map(({ number, stampSeconds, formula }) => ({
        Id: idOf(number),
        SystemModstamp: stampAt(stampSeconds),
        Formula__c: formula,
      }));
      const { seen: part, isLast, settledAfter } = step;
      const partial = { settledUntil: Date.parse(stampAt(settledAfter)) / 1_000 };
      assert.deepEqual(
        await harness.apply(texts, { observation, hi, isLast, absent, partial }),
        model.sweep(lo, part, { isLast, settledUntil: settledAfter, hi }),
      );
      return assert.deepEqual(await stateOf(harness), model.state());
    }
    const { absent, page, records } = splitPage(step.seen);
    const texts = records.map(({ number, name, stampSeconds, formula, state }) =>
      record(number, {
        Name: name,
        SystemModstamp: stampAt(stampSeconds),
        Formula__c: formula,
        IsDeleted: state === 'deleted',
      }),
    );
    const { isLast } = step;
    const part = { observation, hi, isLast, absent: [...absent].map(idOf) };
    assert.deepEqual(await harness.apply(texts, part), model.apply(lo, page, { isLast, hi }));
    assert.deepEqual(await stateOf(harness), model.state());
  }
}

test('over any history of readings the SQL and the rule give the same rows, fences, marks and counts', async () => {
  await using harness = await openDestinationHarness({
    fields: { Name: 'string', Formula__c: 'double formula' },
  });
  await assertProperty(
    fc.asyncProperty(fc.array(step, { minLength: 30, maxLength: 60, size: 'max' }), async (history) => {
      await harness.db.script(`
        DELETE FROM salesforce.account; DELETE FROM _lockstep.fence; DELETE FROM _lockstep.dirty;
        DELETE FROM _lockstep.observation; UPDATE _lockstep.checkpoint SET rows = 0;
        ALTER SEQUENCE _lockstep.ticket RESTART`);
      const model = new Model();
      const readings = new Map<number, Observation>();
      for (const each of history) await take(harness, model, readings, each);
    }),
    { numRuns: 150 },
  );
});
