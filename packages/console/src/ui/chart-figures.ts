export interface ChartSeries {
  label: string;
  /** One for each time; null: not known. */
  values: readonly (number | null)[];
  /** Of the design's colours. Of 6, grey, are always other apps. */
  colour: 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;
}

export interface ChartFigures {
  /** In RFC 3339. */
  times: readonly string[];
  series: readonly ChartSeries[];
  /** Dashed lines that must not be crossed. */
  limits?: readonly { label: string; value: number }[];
}
