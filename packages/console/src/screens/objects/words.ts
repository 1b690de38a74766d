/** Words of the page of all objects. */
export const words = {
  title: 'Objects',
  object: 'Object',
  state: 'State',
  table: 'Table',
  rows: 'Rows',
  onlyUnwell: 'Only objects that are not current',
} as const;
