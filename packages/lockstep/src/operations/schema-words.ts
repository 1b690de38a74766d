/** What Lockstep does about a change of an object or its fields, by the event of the activity; docs/schema-changes.md. */
const done: Readonly<Record<string, string>> = {
  'field hidden': 'Its column keeps its values; new rows have none.',
  'field left out': 'Its column keeps its values; new rows have none.',
  'field visible again': 'Its column is filled: all records are read again.',
  'field taken in again': 'Its column is filled: all records are read again.',
  'field added': 'A column was made, and is filled: all records are read again.',
  'field has another type': 'A new column is filled beside the earlier one, and then takes its name.',
  'field renamed': 'Its column keeps its name and its values.',
  'formula changed': 'Its column keeps its values while all records are read again.',
  'column replaced':
    'The new column has taken the name of the earlier one, which keeps its values beside it.',
  'object renamed': 'Its table and its rows stay as they are.',
  'table restored': 'The table or what it lacked was made again, and is filled.',
};

/** Null: not known, or nothing was done. */
export const doneAbout = (event: string): string | null => done[event] ?? null;
