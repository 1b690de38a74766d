/**
 * Some records of a Bulk result: CSV as Salesforce sends it, which PostgreSQL reads without a cell being parsed here.
 * Each value is in quotes, the Id comes first.
 */
export interface CsvSlice {
  /** Whole records, each with its line feed. */
  bytes: Buffer;
  /** Where each record begins in `bytes`. */
  starts: readonly number[];
  /**
   * PostgreSQL may refuse or misread the bytes, and its error would quote them: they have a NUL, are not UTF-8, a line
   * of them is `\.`, or a record has too few or too many values.
   */
  isSuspect: boolean;
}

const quote = 0x22;
const idBytes = 18;

export function idAt({ bytes, starts }: CsvSlice, nth: number): string {
  const start = starts[nth] ?? 0;
  const at = bytes[start] === quote ? start + 1 : start;
  return bytes.toString('latin1', at, at + idBytes);
}

export const recordAt = ({ bytes, starts }: CsvSlice, nth: number): Buffer =>
  bytes.subarray(starts[nth], starts[nth + 1] ?? bytes.length);

/** The slice without some of its records. */
export function withoutRecords(slice: CsvSlice, isLeftOut: (nth: number) => boolean): CsvSlice {
  const kept = slice.starts.map((_, nth) => nth).filter((nth) => !isLeftOut(nth));
  return kept.length === slice.starts.length ? slice : partOf(slice, kept);
}

/** Those of its records, in their order. */
export function partOf(slice: CsvSlice, records: readonly number[]): CsvSlice {
  const parts = records.map((nth) => recordAt(slice, nth));
  const starts: number[] = [];
  let at = 0;
  for (const part of parts) {
    starts.push(at);
    at += part.length;
  }
  return { bytes: Buffer.concat(parts), starts, isSuspect: slice.isSuspect };
}
