/** Why PostgreSQL cannot hold a record as it is, in words for a user. */

const reasons: Record<string, string> = {
  misfit: "the value does not fit the column's type",
  unsettled: 'its readings contradict each other',
  'lone surrogate': 'a text holds half of a character pair (a lone surrogate), which PostgreSQL cannot store',
  '22001': 'a text is longer than the column takes',
  '22003': 'a number is larger than PostgreSQL can hold',
  '23502': 'somebody added a NOT NULL constraint to the table, and the field is empty',
  '23503': 'a foreign key that somebody added refuses it',
  '23505': 'a unique index on the table refuses it',
  '23514': 'a CHECK constraint that somebody added refuses it',
  '23P01': 'an exclusion constraint on the table refuses it',
  '54000': 'the row is wider than a table can hold, or a value is longer than an index on the table can',
  '54001': 'a value is nested too deeply for PostgreSQL',
};

const classes: Record<string, string> = {
  '22': 'the value has a form that PostgreSQL does not accept',
  '23': 'a constraint on the table refuses it',
  '42': 'somebody has changed the table',
  '53': 'the database server lacks space or memory',
  '54': 'it exceeds a limit of PostgreSQL',
  P0: 'a trigger or rule on the table refuses it',
};

export function setAsideReason(code: string): string {
  const known = reasons[code];
  if (known !== undefined) return known;
  const isSqlState = /^[0-9A-Z]{5}$/.test(code);
  const word = isSqlState ? (classes[code.slice(0, 2)] ?? 'PostgreSQL refuses it') : 'it cannot be stored';
  return `${word} (${isSqlState ? `SQLSTATE ${code}` : code})`;
}

/** What a user has to change so that the next try succeeds. */
export function setAsideRemedy(code: string): string {
  if (/^(23|42|P0)/.test(code)) return 'Remove what was added to the table';
  if (code.startsWith('53')) return 'Make room on the database server';
  if (code === '54000')
    return 'Leave out fields (lockstep sync set --leave-out), or remove indexes that were added';
  if (code === 'unsettled') return 'Wait until the record changes less often';
  return 'Correct the value in Salesforce';
}

/** Where in the record the refused value is. */
export const setAsidePlace = (column: string | null): string => column ?? 'whole record';
