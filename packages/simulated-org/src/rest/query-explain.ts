/**
 * `/query?explain=`: the plans for a query, the cheapest first.
 *
 * The shape and the note are documented. A standard index counts as selective for up to 30% of the first million
 * records and 15% of the rest, a custom one for 10% and 5%; an index costs its share of that threshold. The cost of a
 * scan is not documented, except in an example, whose figure is used here.
 */
import { type Sql, sql } from '@lockstep/foundation/sql';
import { type Answer, answer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { type CompileContext, type Explained, explainSoql, parseSoql } from '../soql/index.ts';

const scanCost = 0.65;
const million = 1_000_000;

interface Plan {
  cardinality: number;
  fields: readonly string[];
  leadingOperationType: 'Index' | 'TableScan';
  notes: readonly Note[];
  relativeCost: number;
  sobjectCardinality: number;
  sobjectType: string;
}

interface Note {
  description: string;
  fields: readonly string[];
  tableEnumOrId: string;
}

export async function explain(call: Call, soql: string, context: CompileContext): Promise<Answer> {
  const explained = explainSoql(parseSoql(soql), context);
  const { sobject, indexed } = explained;
  const sobjectCardinality = await estimate(call, explained.all);
  const notes = notesOf(explained, context.includeDeleted);
  const common = { notes, sobjectCardinality, sobjectType: sobject };
  const plans: Plan[] = [];
  for (const { field, records } of indexed) {
    const cardinality = await estimate(call, records);
    const relativeCost = round(cardinality / threshold(sobjectCardinality, field.custom));
    plans.push({ cardinality, fields: [field.name], leadingOperationType: 'Index', ...common, relativeCost });
  }
  plans.push({
    cardinality: await estimate(call, explained.matching),
    fields: [],
    leadingOperationType: 'TableScan',
    ...common,
    relativeCost: scanCost,
  });
  return answer(200, { plans: plans.toSorted((a, b) => a.relativeCost - b.relativeCost) });
}

const round = (cost: number): number => Math.round(cost * 1000) / 1000;

function threshold(records: number, isCustom: boolean): number {
  const [first, rest, max] = isCustom ? [0.1, 0.05, 333_333] : [0.3, 0.15, million];
  const share = first * Math.min(records, million) + rest * Math.max(0, records - million);
  return Math.max(1, Math.min(max, share));
}

function notesOf({ sobject, unindexed }: Explained, includeDeleted: boolean): Note[] {
  const fields = [...unindexed, ...(includeDeleted ? [] : ['IsDeleted'])];
  if (fields.length === 0) return [];
  const description = 'Not considering filter for optimization because unindexed';
  return [{ description, fields, tableEnumOrId: sobject }];
}

/** The planner's estimate of a statement's rows; the statement does not run. */
async function estimate(call: Call, statement: Sql): Promise<number> {
  const [row] = await call.db.query<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }>(
    sql`EXPLAIN (FORMAT JSON) ${statement}`,
  );
  return row?.['QUERY PLAN'][0].Plan['Plan Rows'] ?? 0;
}
