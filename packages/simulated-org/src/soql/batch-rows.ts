/**
 * How many rows a batch has at most, depending on what is selected. "If the SOQL statement selects two or more
 * custom fields of type long text, the batch size can't be greater than 200" and "the returned batch size can be
 * lower than the max or what's set in the request, based on the size and complexity of records queried" (SOQL
 * reference, Change the Batch Size in Queries). At how many columns this begins is not documented: recorded queries
 * of Contact with many columns returned 1,000 of 1,505 and of 1,402 rows. So up to 100 columns come in batches of
 * 2,000, and twice as many columns in batches of half the rows.
 */
import { type FieldDef, fieldNamed } from '../schema/schema.ts';
import { isCall, type Selected } from './ast.ts';
import type { Scope } from './scope.ts';
import { batchRowsMax, batchRowsMin } from './session.ts';

const columnsMax = 100;
const longTextsMax = 1;

/** Never more than requested. */
export function batchRowsOf(scope: Scope): number {
  const fields = scope.query.fields.flatMap((item) => fieldsOf(scope, item));
  const halvings = Math.max(0, Math.ceil(Math.log2(fields.length / columnsMax)));
  const wanted = Math.min(scope.session.batchRows, Math.floor(batchRowsMax / 2 ** halvings));
  return fields.filter(isLongText).length > longTextsMax ? batchRowsMin : Math.max(wanted, batchRowsMin);
}

/** Fields of the records themselves and of their parents; children are separate rows. */
function fieldsOf(scope: Scope, item: Selected): FieldDef[] {
  if (item.kind === 'children') return [];
  if (item.kind === 'expression') {
    const { expression } = item;
    return [scope.find(isCall(expression) ? expression.field : expression).field];
  }
  if (item.kind === 'fields')
    return scope.def.fields.filter(
      ({ custom }) => item.which === 'all' || custom === (item.which === 'custom'),
    );
  const { sobjects } = scope.session.context;
  return item.cases.flatMap(({ sobject, fields }) => {
    const def = sobjects.get(sobject.name.toLowerCase());
    return fields.flatMap(({ name }) => (def && fieldNamed(def, name)) ?? []);
  });
}

const isLongText = ({ type, custom, length = 0 }: FieldDef): boolean =>
  custom && type === 'textarea' && length > 255;
