import type { ReactNode } from 'react';

export interface TableColumn<T> {
  id: string;
  label: string;
  /** What it is sorted and filtered by. */
  value: (row: T) => string | number | null;
  /** What it shows, if that is more than its value. */
  cell?: (row: T) => ReactNode;
  isNumber?: boolean;
  /** Sorting makes no sense for it: buttons, for example. */
  isUnsorted?: boolean;
  /** Of its column, such as `12%`. Counters that grow then move nothing beside them. */
  width?: string;
  /** No wider than it must be: a box to tick, for example. */
  isNarrow?: boolean;
}
