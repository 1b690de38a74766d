export type Figures = Record<string, { value: number; unit: string }>;

/** The value below which a share (0 to 1) of the list lies. */
export function quantile(list: readonly number[], share: number): number {
  const sorted = list.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

export const median = (list: readonly number[]): number => quantile(list, 0.5);

export const rounded = (value: number, digits = 3): number => Number(value.toFixed(digits));
