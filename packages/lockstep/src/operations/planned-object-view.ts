import { type Describe, freshnessOf } from '../core/describe.ts';
import type { TablePlan } from '../postgres/index.ts';

/** What the tables of objects will be, as programs get it. */
export const plannedObjectViews = ({
  plans,
  described,
}: {
  plans: readonly TablePlan[];
  described: readonly Describe[];
}) =>
  described.map((describe, place) => ({
    sobject: describe.name,
    label: describe.label,
    table_name: plans[place]?.table ?? '',
    columns: plans[place]?.columns.length ?? 0,
    ...freshnessOf(describe),
  }));
