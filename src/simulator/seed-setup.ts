import { sql } from '../lib/sql.ts';
import { always, listed, type Maker } from './seed-makers.ts';
import { regions } from './seed-words.ts';

/** What an administrator has set up. */
const regionFields: Maker = (_dice, plan) => {
  const column = (value: (one: (typeof regions)[number]) => string) =>
    listed(plan, 'Region__mdt', regions.map(value));
  return {
    DeveloperName: always(column(({ name }) => name.replaceAll(' ', '_'))),
    MasterLabel: always(column(({ name }) => name)),
    Language: always(sql`'en_US'::text`),
    Tax_Rate__c: always(sql`${column(({ taxRate }) => String(taxRate))}::numeric`),
    Currency__c: column(({ currency }) => currency),
  };
};

export const setupMakers: Record<string, Maker> = { Region__mdt: regionFields };
