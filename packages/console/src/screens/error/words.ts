/** Words of the page of one entry of the error catalogue. */
export const words = {
  meaning: 'What it means',
  next: 'What to do',
  nothing: 'Nothing.',
} as const;
