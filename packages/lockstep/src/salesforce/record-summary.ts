/** A page's records without their values: which are there, which are deleted, and when each was last changed. */
import type { Page } from '../core/page.ts';
import { type ServerSeconds, secondsOf } from '../core/stamps.ts';
import { JsonScanner } from './scan.ts';

export interface RecordSummary {
  isDeleted: boolean;
  /** Null if its object has no such time. */
  time: ServerSeconds | null;
}

/**
 * By Id, including the records that PostgreSQL's JSON refuses.
 *
 * @param timeField  the field that says when a record was last changed
 */
export function summarize(page: Page, timeField: string | null): Map<string, RecordSummary> {
  const shown = new Map<string, RecordSummary>();
  for (const records of [page.records, ...page.unstorable.map(({ text }) => `[${text}]`)]) {
    const scanner = new JsonScanner(records);
    scanner.array(() => readRecord(scanner, timeField, shown));
  }
  return shown;
}

function readRecord(scanner: JsonScanner, timeField: string | null, shown: Map<string, RecordSummary>): void {
  const one: RecordSummary = { isDeleted: false, time: null };
  let id = '';
  scanner.object((key) => {
    if (key === 'Id') id = scanner.string();
    else if (key === timeField && scanner.next() === '"') one.time = secondsOf(scanner.string());
    else {
      const text = scanner.slice(scanner.value());
      if (key === 'IsDeleted') one.isDeleted = text === 'true';
    }
  });
  shown.set(id, one);
}
