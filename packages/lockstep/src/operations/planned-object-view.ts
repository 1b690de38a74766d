import type { Describe } from '../core/describe.ts';
import type { TablePlan } from '../postgres/index.ts';

/** What the tables of objects will be, as programs get it. */
export const plannedObjectViews = ({
  plans,
  described,
}: {
  plans: readonly TablePlan[];
  described: readonly Describe[];
}) =>
  plans.map(({ sobject, table, columns }, place) => ({
    sobject,
    label: described[place]?.label ?? sobject,
    table_name: table,
    columns: columns.length,
  }));
