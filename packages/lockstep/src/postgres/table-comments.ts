/** Comments that say what tables and columns are in Salesforce, for people and for tools that show a schema. */
import type { Tx } from '@lockstep/foundation/database';
import type { Describe, DescribeField } from '../core/describe.ts';
import { selectComments } from './catalog-sql.ts';
import type { ColumnPlan, TablePlan } from './plan-table.ts';
import { commentOnColumn, commentOnTable } from './table-ddl.ts';

/** What a comment says that a plan does not. */
export type Described = Pick<Describe, 'label' | 'fields'>;

const valuesMax = 100;

/** The comment of a table that Lockstep has made for the object begins so. */
export const commentStart = (sobject: string): string => `${sobject} (Salesforce object): `;

export const tableComment = ({ sobject }: TablePlan, described?: Described): string =>
  `${commentStart(sobject)}${described?.label ?? sobject}`;

/** @param described  the field; without it the column is described by the plan alone */
export function columnComment(
  { field, fieldType, formula, refersTo }: ColumnPlan,
  described?: DescribeField,
): string {
  const target = refersTo.length > 0 ? ` to ${refersTo.join(', ')}` : '';
  const values = (described?.picklistValues ?? []).filter(({ active }) => active).map(({ value }) => value);
  const more = values.length > valuesMax ? `; and ${values.length - valuesMax} more` : '';
  const list = values.length > 0 ? `. Values: ${values.slice(0, valuesMax).join('; ')}${more}` : '';
  return `${field} (${fieldType}${target}${formula ? ', formula' : ''}): ${described?.label ?? field}${list}`;
}

/** Writes those comments that differ; without a description only those that are missing. */
export async function writeComments(
  tx: Tx,
  schema: string,
  plan: TablePlan,
  described?: Described,
): Promise<void> {
  const written = new Map(
    (await selectComments(tx, schema, plan.table)).map((row) => [row.column, row.text]),
  );
  const isDue = (column: string | null, text: string) =>
    described ? written.get(column) !== text : (written.get(column) ?? null) === null;
  const onTable = tableComment(plan, described);
  if (isDue(null, onTable)) await commentOnTable(tx, schema, plan, onTable);
  const fields = new Map(described?.fields.map((field) => [field.name, field]));
  for (const column of plan.columns) {
    const text = columnComment(column, fields.get(column.field));
    if (isDue(column.column, text)) await commentOnColumn(tx, schema, plan, column, text);
  }
}
