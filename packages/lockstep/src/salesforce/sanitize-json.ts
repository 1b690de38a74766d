/**
 * PostgreSQL's JSON refuses two escapes that Salesforce may send, and either would fail a whole page: NUL, which is
 * removed, and half of a surrogate pair, whose record is set aside. An escaped backslash begins no escape: the text
 * `\\u0000` is seven ordinary characters and stays.
 */
import { Fault } from '../core/faults.ts';
import { type RecordId, toRecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { JsonScanner } from './scan.ts';

/** Every escape once, from left to right, so an escaped backslash is consumed before what follows it. */
const escapes = /\\(?:u([0-9a-fA-F]{4})|.)/g;

/** @param records a JSON array of objects that a scanner has accepted */
export function sanitizeJson(records: string): Pick<Page, 'records' | 'unstorable' | 'nulsRemoved'> {
  const whole = inspect(records);
  if (!whole.hasLoneSurrogate) {
    return { records: whole.withoutNuls, unstorable: [], nulsRemoved: whole.nuls };
  }
  const kept: string[] = [];
  const unstorable: { id: RecordId; text: string }[] = [];
  let nulsRemoved = 0;
  const scanner = new JsonScanner(records);
  scanner.array(() => {
    const text = scanner.slice(scanner.value());
    const found = inspect(text);
    if (found.hasLoneSurrogate) {
      unstorable.push({ id: idOf(text), text });
    } else {
      kept.push(found.withoutNuls);
      nulsRemoved += found.nuls;
    }
  });
  return { records: `[${kept.join(',')}]`, unstorable, nulsRemoved };
}

function inspect(text: string): { withoutNuls: string; nuls: number; hasLoneSurrogate: boolean } {
  const kept: string[] = [];
  let keptUpTo = 0;
  let highEndsAt: number | null = null; // a high half that still waits for its low half
  let hasLoneSurrogate = false;
  for (const { 0: escape, 1: digits, index } of text.matchAll(escapes)) {
    if (digits === undefined) continue;
    const unit = Number.parseInt(digits, 16);
    const isLow = unit >= 0xdc00 && unit <= 0xdfff;
    if (isLow && highEndsAt === index) {
      highEndsAt = null;
    } else if (isLow) {
      hasLoneSurrogate = true;
    } else if (unit >= 0xd800 && unit <= 0xdbff) {
      hasLoneSurrogate ||= highEndsAt !== null;
      highEndsAt = index + escape.length;
    } else if (unit === 0) {
      kept.push(text.slice(keptUpTo, index));
      keptUpTo = index + escape.length;
    }
  }
  hasLoneSurrogate ||= highEndsAt !== null;
  const nuls = kept.length;
  return { withoutNuls: kept.join('') + text.slice(keptUpTo), nuls, hasLoneSurrogate };
}

function idOf(record: string): RecordId {
  const { Id } = JSON.parse(record) as { Id?: unknown };
  const id = typeof Id === 'string' ? toRecordId(Id) : undefined;
  if (id === undefined) throw new Fault('DATA-03', { where: 'Id of a record' });
  return id;
}
