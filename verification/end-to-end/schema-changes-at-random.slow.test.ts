/**
 * An administrator changes the fields of an object at random while records are written and a person has views on the
 * columns. At the end the mirror is as the org is, and as one that is made from nothing.
 */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { Random } from '@lockstep/foundation/random';
import { ident, sql } from '@lockstep/foundation/sql';
import { type ClockHarness, openClockHarness } from '@lockstep/harness/clock-harness';
import { startOrg } from '@lockstep/harness/org';
import { withSeeds } from '@lockstep/harness/property';

const org = await startOrg({ records: 300 });
after(() => org[Symbol.asyncDispose]());

const intervalMs = 10_000;
const stepsMax = 25;
const seeds = 5;

const types = ['string', 'double', 'date', 'textarea', 'int'] as const;
type Type = (typeof types)[number];

interface Field {
  name: string;
  type: Type;
  formula?: string;
}

const chance = (random: Random, share: number): boolean => random.next() < share;

const texts = ['7', 'ten', '', 'a longer text'];

const values: Record<Type, (random: Random) => unknown> = {
  double: (random) => random.between(0, 1_000) / 4,
  int: (random) => random.between(0, 1_000),
  date: (random) => `2026-0${random.between(1, 9)}-11`,
  string: (random) => random.pick(texts),
  textarea: (random) => random.pick(texts),
};

/** The object as it is in the org, and what an administrator and others do to it. */
class Shop {
  readonly name: string;
  readonly random: Random;
  fields: Field[] = [];
  hidden = new Set<string>();
  ids: string[] = [];
  private made = 0;

  constructor(name: string, random: Random) {
    this.name = name;
    this.random = random;
  }

  newField(): Field {
    const { random } = this;
    const field = { name: `F${++this.made}__c`, type: random.pick(types) };
    return chance(random, 0.2)
      ? { ...field, type: 'double', formula: `LEN(Name) * ${random.between(1, 9)}` }
      : field;
  }

  asked = (field: Field) => ({ ...field, ...(field.type === 'int' && { precision: 9 }) });

  visible = () => this.fields.filter(({ name }) => !this.hidden.has(name));

  async setRights(): Promise<void> {
    const fields = Object.fromEntries(
      [...this.hidden].map((name) => [`${this.name}.${name}`, { read: false }]),
    );
    await org.control('/users/rights', { user: 'integration', fields });
  }

  values(): Record<string, unknown> {
    const written = this.fields.filter(({ formula }) => formula === undefined && chance(this.random, 0.7));
    return Object.fromEntries(written.map(({ name, type }) => [name, values[type](this.random)]));
  }

  async change(): Promise<void> {
    const { random, name: sobject } = this;
    const field = random.pick(this.fields);
    switch (
      random.pick(['add', 'add', 'delete', 'retype', 'retype', 'rename', 'hide', 'give back'] as const)
    ) {
      case 'add': {
        const added = this.newField();
        await org.control('/fields/create', { sobject, field: this.asked(added) });
        this.fields.push(added);
        return;
      }
      case 'delete':
        if (this.fields.length < 3) return;
        await org.control('/fields/delete', { sobject, name: field.name });
        this.fields = this.fields.filter((one) => one !== field);
        this.hidden.delete(field.name);
        return this.setRights();
      case 'retype': {
        const to: Field =
          field.formula === undefined
            ? { ...field, type: random.pick(types) }
            : { ...field, formula: `LEN(Name) * ${random.between(10, 99)}` };
        await org.control('/fields/change', { sobject, name: field.name, field: this.asked(to) });
        this.fields = this.fields.map((one) => (one === field ? to : one));
        return;
      }
      case 'rename': {
        const to = { ...field, name: `F${++this.made}__c` };
        await org.control('/fields/change', { sobject, name: field.name, field: this.asked(to) });
        this.fields = this.fields.map((one) => (one === field ? to : one));
        if (this.hidden.delete(field.name)) this.hidden.add(to.name);
        return this.setRights();
      }
      case 'hide':
        this.hidden.add(field.name);
        return this.setRights();
      case 'give back':
        this.hidden.clear();
        return this.setRights();
    }
  }

  async write(harness: ClockHarness): Promise<void> {
    const { random, name } = this;
    const ids = await harness.write([
      { create: name, values: { Name: `New ${this.made}`, ...this.values() } },
      ...(this.ids.length > 0 ? [{ update: random.pick(this.ids), values: this.values() }] : []),
    ]);
    this.ids.push(ids[0] ?? '');
  }
}

/** The type of each field's column, by the field. */
async function typesOf(harness: ClockHarness, table: string) {
  const rows = await harness.mirror.query<{
    field: string;
    type: string;
    ready: boolean;
    replaces: string | null;
  }>(sql`
    SELECT f.field, format_type(a.atttypid, a.atttypmod) AS type, f.ready, f.replaces
      FROM _lockstep.column f
      JOIN _lockstep.checkpoint c ON c.stream_no = f.stream_no AND c.table_name = ${table}
      JOIN pg_attribute a ON a.attrelid = to_regclass(${`salesforce.${table}`}) AND a.attname = f.column_name
     WHERE (f.hidden_since IS NULL OR f.returned_at IS NOT NULL) ORDER BY f.field`);
  return rows;
}

test('whatever an administrator does, the mirror ends as the org is, and as a new one would', async () => {
  let made = 0;
  await withSeeds(seeds, async (random) => {
    const shop = new Shop(`Shop${random.between(0, 1_000_000)}${++made}__c`, random);
    shop.fields = [shop.newField(), shop.newField(), shop.newField()];
    await org.control('/sobjects/create', { name: shop.name, fields: shop.fields.map(shop.asked) });
    const table = shop.name.toLowerCase();
    await using harness = await openClockHarness({ org, sobjects: [shop.name, 'Lead'], intervalMs });
    for (let n = 0; n < 5; n++) await shop.write(harness);
    await harness.pass(random.between(0, 4) * 60_000); // sometimes in the middle of the backfill
    const views: string[] = [];
    for (let step = 0; step < stepsMax; step++) {
      await shop.change();
      await shop.write(harness);
      if (chance(random, 0.15)) {
        const columns = await harness.mirror.query<{ name: string }>(sql`
          SELECT column_name AS name FROM _lockstep.column WHERE field ~ '^F[0-9]+__c$' ORDER BY 1`);
        const column = columns.length > 0 ? random.pick(columns) : null;
        if (column) {
          views.push(`v${step}`);
          await harness.mirror.query(
            sql`CREATE VIEW ${ident('public', `v${step}`)} AS SELECT ${ident(column.name)} FROM ${ident('salesforce', table)}`,
          );
        }
      }
      if (chance(random, 0.1)) for (const view of views.splice(0)) await dropView(harness, view);
      await harness.pass(random.between(0, 9) * intervalMs);
    }
    for (const view of views) await dropView(harness, view);
    shop.hidden.clear();
    await shop.setRights();
    await harness.pass(10 * 60_000);
    await harness.settle();
    await harness.expectConvergedAndIdle();
    const changed = await typesOf(harness, table);
    assert.deepEqual(
      changed.filter(({ ready, replaces }) => !ready || replaces !== null),
      [],
      'every field is complete and has its name',
    );
    await using fresh = await openClockHarness({ org, sobjects: [shop.name], intervalMs });
    await fresh.finishBackfill();
    assert.deepEqual(changed, await typesOf(fresh, table));
  });
});

const dropView = (harness: ClockHarness, view: string) =>
  harness.mirror.query(sql`DROP VIEW ${ident('public', view)}`);
