export type ChartColour = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

export interface ChartSeries {
  label: string;
  /** One for each time; null: not known. */
  values: readonly (number | null)[];
  /** Of the design's colours. Of 6, grey, are always other apps. */
  colour: ChartColour;
}

export interface ChartFigures {
  /** Of bars each begins at its time, and stands on the bar of the series before. */
  look?: 'lines' | 'bars';
  /** In RFC 3339. */
  times: readonly string[];
  series: readonly ChartSeries[];
  /** Dashed lines that must not be crossed. `isOutside`: too far above all else to be in the picture. */
  limits?: readonly { label: string; value: number; isOutside?: boolean }[];
}

/** The pattern of each colour, as a path in a square of 8, so that nothing is told by colour alone. */
export const patterns: Record<ChartColour, string> = {
  1: '',
  2: 'M-2 10L10 -2',
  3: 'M2 2h.1M6 6h.1',
  4: 'M0 4h8M4 0v8',
  5: 'M0 4h8',
  6: 'M-2 -2L10 10M-2 6L2 10M6 -2L10 2',
  7: 'M4 0v8',
  8: 'M0 1h8M1 0v8',
};
export const patternPx = 8;
