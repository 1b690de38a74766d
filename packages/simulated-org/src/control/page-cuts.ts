/** Which pages of queries are cut, and after how many records. Forgotten when the org stops. */
export interface PageCut {
  /** As the org spells it; null for all of them. */
  sobject: string | null;
  /** Used in turn, over and over. */
  rows: readonly number[];
  /** So many pages are cut; null for all of them. */
  times: number | null;
}

export class PageCuts {
  private cuts: (PageCut & { used: number })[] = [];

  get list(): (PageCut & { used: number })[] {
    return this.cuts;
  }

  /** Goes in the place of an earlier one of the same sobject. */
  add(cut: PageCut): void {
    this.lift(cut.sobject);
    this.cuts.push({ ...cut, used: 0 });
  }

  /** Without a name, all of them. */
  lift(sobject?: string | null): void {
    this.cuts = this.cuts.filter((cut) => sobject !== undefined && cut.sobject !== sobject);
  }

  /** How many records the next page of the sobject may have. A cut of its own goes before that of all. */
  next(sobject: string): number {
    const left = this.cuts.filter(({ times, used }) => times === null || used < times);
    const cut = left.find((one) => one.sobject === sobject) ?? left.find((one) => one.sobject === null);
    if (!cut) return Number.POSITIVE_INFINITY;
    const rows = cut.rows[cut.used % cut.rows.length];
    cut.used += 1;
    return rows ?? Number.POSITIVE_INFINITY;
  }
}
