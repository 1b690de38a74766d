/** Which pages of queries are cut, and after how many records. Forgotten when the org stops. */
export interface PageCut {
  /** As the org spells it; null for all. */
  sobject: string | null;
  /** Used in turn, again and again. */
  rows: readonly number[];
  /** How many pages are cut; null for all. */
  times: number | null;
}

export class PageCuts {
  private cuts: (PageCut & { used: number })[] = [];

  get list(): (PageCut & { used: number })[] {
    return this.cuts;
  }

  /** Replaces an earlier one of the same sobject. */
  add(cut: PageCut): void {
    this.lift(cut.sobject);
    this.cuts.push({ ...cut, used: 0 });
  }

  /** Without a name, all of them. */
  lift(sobject?: string | null): void {
    this.cuts = this.cuts.filter((cut) => sobject !== undefined && cut.sobject !== sobject);
  }

  /** How many records the sobject's next page may have. Its own cut takes precedence over the one for all. */
  next(sobject: string): number {
    const left = this.cuts.filter(({ times, used }) => times === null || used < times);
    const cut = left.find((one) => one.sobject === sobject) ?? left.find((one) => one.sobject === null);
    if (!cut) return Number.POSITIVE_INFINITY;
    const rows = cut.rows[cut.used % cut.rows.length];
    cut.used += 1;
    return rows ?? Number.POSITIVE_INFINITY;
  }
}
