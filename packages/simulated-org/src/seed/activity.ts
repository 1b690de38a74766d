import { ExactNumber } from '@lockstep/foundation/exact-json';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import { sql } from '@lockstep/foundation/sql';
import { asOrgError } from '../http/errors.ts';
import { leadStatuses, ratings, stages } from '../objects/picklists.ts';
import { type Org, type Writer } from '../org.ts';
import { tableOf } from '../schema/storage.ts';
import { deleteRecord, insertRecord, updateRecord } from '../write/dml.ts';
import { columnValues } from '../write/field-values.ts';
import { recordId } from '../write/ids.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { rangeOf } from './seed-plan.ts';
import { companyFields, firstNames, jobTitles, lastNames } from './seed-words.ts';

/**
 * Simulates people at work, so that a demo shows activity: a number of changes per second, mostly updates of random
 * records, by the same path as a request's writes.
 */
const tickMsMin = 50;

/** Runs until the signal aborts; a change that fails is skipped. */
export async function runActivity(
  org: Org,
  perSecond: number,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const random = seededRandom(seed);
  const tickMs = Math.max(tickMsMin, 1000 / perSecond);
  let due = 0;
  let last = org.clock.now();
  while (!signal.aborted) {
    await org.clock.sleep(tickMs, signal).catch(() => undefined);
    const now = org.clock.now();
    // After a pause the org catches up on at most two seconds.
    due = Math.min(due + (Math.max(0, now - last) * perSecond) / 1000, 2 * perSecond + 1);
    last = now;
    for (; due >= 1 && !signal.aborted; due--) await change(org, random);
  }
}

async function change(org: Org, random: Random): Promise<void> {
  const users = rangeOf(org.settings.seed, 'User');
  const by: Writer = {
    org,
    userId: recordId('005', random.between(users.first, users.first + users.count - 1)),
  };
  const chance = random.next();
  try {
    if (chance < 0.8) await update(by, random);
    else if (chance < 0.9) await insert(by, random);
    else if (chance < 0.97) await insertLine(by, random);
    else await remove(by, random);
  } catch (error) {
    // A random record may be deleted or locked; anything else is a defect.
    if (!asOrgError(error)) throw error;
  }
}

const exact = (value: number): ExactNumber => new ExactNumber(String(value));

const updates: Record<string, (random: Random) => object> = {
  Account: (random) => ({
    Rating: random.pick(ratings),
    NumberOfEmployees: exact(random.between(1, 20_000)),
  }),
  Contact: (random) => ({
    Title: random.pick(jobTitles),
    Phone: `+1 555 ${random.between(1_000_000, 9_999_999)}`,
  }),
  Lead: (random) => ({ Status: random.pick(leadStatuses), Rating: random.pick(ratings) }),
  Opportunity: (random) => ({
    StageName: random.pick(stages),
    Amount: new ExactNumber(`${random.between(1, 400_000)}.${random.between(10, 99)}`),
  }),
  Invoice_Line__c: (random) => ({ Quantity__c: exact(random.between(1, 40)) }),
};

function definition(org: Org, sobject: string) {
  const def = org.sobjects.get(sobject.toLowerCase());
  if (!def) throw new Error('an sobject of the activity is missing');
  return def;
}

function randomRecord({ org }: Writer, sobject: string, random: Random): string {
  const { first, count } = rangeOf(org.settings.seed, sobject);
  return recordId(definition(org, sobject).keyPrefix, random.between(first, first + count - 1));
}

async function update(by: Writer, random: Random): Promise<void> {
  const sobject = random.pick(Object.keys(updates));
  const def = definition(by.org, sobject);
  const values = columnValues(def, updates[sobject]?.(random), 'update');
  await writeTransaction(by.org, (tx) =>
    updateRecord(tx, by, def, randomRecord(by, sobject, random), values),
  );
}

async function insert(by: Writer, random: Random): Promise<void> {
  const def = definition(by.org, random.pick(['Lead', 'Contact']));
  const person = { FirstName: random.pick(firstNames), LastName: random.pick(lastNames) };
  const company = def.name === 'Lead' ? { Company: `${person.LastName} ${random.pick(companyFields)}` } : {};
  const values = columnValues(def, { ...person, ...company, Title: random.pick(jobTitles) }, 'create');
  await writeTransaction(by.org, (tx) => insertRecord(tx, by, def, values));
}

async function insertLine(by: Writer, random: Random): Promise<void> {
  const def = definition(by.org, 'Invoice_Line__c');
  const line = {
    Invoice__c: randomRecord(by, 'Invoice__c', random),
    Product__c: randomRecord(by, 'Product2', random),
    Quantity__c: exact(random.between(1, 40)),
    Unit_Price__c: new ExactNumber(`${random.between(1, 2000)}.${random.between(10, 99)}`),
  };
  await writeTransaction(by.org, (tx) => insertRecord(tx, by, def, columnValues(def, line, 'create')));
}

/**
 * Deletes a lead or a line that is newer than the seeded records, so that the org does not shrink; else does
 * nothing.
 */
async function remove(by: Writer, random: Random): Promise<void> {
  const def = definition(by.org, random.pick(['Lead', 'Invoice_Line__c']));
  const seeded = recordId(def.keyPrefix, by.org.settings.records);
  await writeTransaction(by.org, async (tx) => {
    const [row] = await tx.query<{ Id: string }>(sql`
      SELECT "Id" FROM ${tableOf(def)}
       WHERE "Id" > ${seeded} AND NOT "IsDeleted" ORDER BY "Id" LIMIT 1`);
    if (row) await deleteRecord(tx, by, def, row.Id);
  });
}
