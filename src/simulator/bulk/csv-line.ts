import { unreachable } from '../../lib/assert.ts';
import { join, literal, type Sql, sql } from '../../lib/sql.ts';
import type { SelectedColumn } from '../soql/index.ts';
import { type CsvForm, csvValues } from './csv.ts';
import { JobFailure } from './refusals.ts';

/**
 * A record as a line of CSV, made by the server as one concatenation: every value quoted, null as nothing between the
 * quotes. The statement must run under `sessionSettings`, on which the text of dates rests.
 */
export const sessionSettings = { DateStyle: 'ISO, YMD', TimeZone: 'UTC' } as const;

/** A function takes at most 100 arguments. */
const argumentsMax = 90;

export const headerLine = (columns: readonly SelectedColumn[], form: CsvForm): string =>
  csvValues(
    columns.map(({ name }) => name),
    form,
  );

/**
 * @param blobPath  the path of the sobject's records, to which a record's Id and the field are added
 * @throws {@link JobFailure} for a field whose values have no form in CSV
 */
export function csvLine(columns: readonly SelectedColumn[], form: CsvForm, blobPath: string): Sql {
  const between = literal(`"${form.delimiter}"`);
  const parts = columns.flatMap((column, index) => [
    index === 0 ? literal('"') : between,
    valueText(column, blobPath),
  ]);
  return concat([...parts, literal(`"${form.lineEnding}`)]);
}

function concat(parts: readonly Sql[]): Sql {
  if (parts.length <= argumentsMax) return sql`concat(${join(parts)})`;
  const groups: Sql[] = [];
  for (let from = 0; from < parts.length; from += argumentsMax) {
    groups.push(concat(parts.slice(from, from + argumentsMax)));
  }
  return concat(groups);
}

function valueText({ name, type, value }: SelectedColumn, blobPath: string): Sql {
  switch (type) {
    case 'id':
    case 'reference':
    case 'int':
    case 'long':
    case 'date':
      return value;
    case 'boolean':
      return sql`${value}::text`;
    case 'double':
    case 'currency':
    case 'percent':
      // As in JSON: at least one digit after the point, and all that are stored.
      return sql`round(${value}, greatest(scale(${value}), 1))`;
    case 'datetime':
      return sql`to_char(${value}, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
    case 'time':
      return sql`to_char(${value}, 'HH24:MI:SS.MS"Z"')`;
    case 'base64':
      return sql`CASE WHEN ${value} IS NOT NULL THEN concat(${literal(blobPath)}, r."Id", ${literal(`/${name}`)}) END`;
    case 'string':
    case 'textarea':
    case 'picklist':
    case 'multipicklist':
    case 'combobox':
    case 'email':
    case 'phone':
    case 'url':
    case 'encryptedstring':
      return sql`replace(${value}, '"', '""')`;
    case 'address':
    case 'location':
    case 'anyType':
    case 'json':
      throw new JobFailure(`FeatureNotEnabled : Cannot serialize value for '${name}' in CSV format`);
    default:
      return unreachable(type);
  }
}
