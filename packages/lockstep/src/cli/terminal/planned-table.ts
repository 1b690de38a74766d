import type { z } from 'zod';
import type { addedObjectsSchema } from '../../contract/syncs.ts';
import { formatCount } from '../../core/plain-words.ts';
import { table } from './output.ts';

/** The tables that objects will have, and how the mirror learns of their changes. */
export const plannedTable = (objects: z.infer<typeof addedObjectsSchema>['objects']): string =>
  table(
    ['OBJECT', 'LABEL', 'TABLE', 'COLUMNS', 'CHANGES', 'NOTE'],
    objects.map(({ sobject, label, table_name, columns, freshness, note }) => [
      sobject,
      label,
      table_name,
      formatCount(columns),
      freshness,
      note ?? '',
    ]),
    new Set([3]),
  );
