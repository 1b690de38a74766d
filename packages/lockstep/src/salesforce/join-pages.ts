/**
 * Joins the answers to two or more queries that select different fields of the same records, because Salesforce
 * refuses a query of all fields. Salesforce runs the queries one after another, so a record can change in between: its
 * parts are joined only if they carry the same stamp, otherwise it is torn, and must be read again.
 */
import { Fault } from '../core/faults.ts';
import type { RecordId } from '../core/ids.ts';
import type { Page } from '../core/page.ts';
import { JsonScanner } from './scan.ts';

/** The field whose value two parts of a record must share. */
export const joinField = 'SystemModstamp';

interface Part {
  stamp: string;
  /** Null: PostgreSQL's JSON refuses it. */
  text: string | null;
}

/**
 * One page with the records that are in all pages up to the shortest page's end. Anything that is torn or beyond it
 * leaves the page not done, so that nothing is taken for absent.
 *
 * @param pages  answers with the same condition and order
 * @throws Fault `DATA-03`: the pages have no end in common
 */
export function joinPages(pages: readonly Page[]): Page {
  const [first] = pages;
  if (!first || pages.every(({ count }) => count === 0)) return first ?? empty;
  const parts = pages.map(partsOf);
  const end = commonEnd(pages, parts);
  const within = parts.map((one) => new Map([...one].slice(0, placeOf(one, end) + 1)));
  const refused = new Map(pages.flatMap((page) => page.unstorable.map((one) => [one.id as string, one])));
  const records: string[] = [];
  const unstorable: { id: RecordId; text: string }[] = [];
  const torn: RecordId[] = [];
  for (const id of new Set(within.flatMap((one) => [...one.keys()]))) {
    const all = within.map((one) => one.get(id));
    const bad = refused.get(id);
    if (bad) unstorable.push(bad);
    else if (isWhole(all)) records.push(joined(all));
    else torn.push(id as RecordId);
  }
  const isCut = within.some((one, nth) => one.size < (parts[nth]?.size ?? 0));
  return {
    records: `[${records.join(',')}]`,
    count: records.length + unstorable.length,
    last: pages.find(({ lastId }) => lastId === end)?.last ?? null,
    lastId: end as RecordId,
    done: !isCut && torn.length === 0 && pages.every(({ done }) => done),
    unstorable,
    nulsRemoved: pages.reduce((sum, { nulsRemoved }) => sum + nulsRemoved, 0),
    ...(torn.length > 0 && { torn }),
  };
}

const empty: Page = {
  records: '[]',
  count: 0,
  last: null,
  lastId: null,
  done: true,
  unstorable: [],
  nulsRemoved: 0,
};

/** By Id, in the page's order; those without a place in it last. */
function partsOf(page: Page): Map<string, Part> {
  const parts = new Map<string, Part>();
  const scanner = new JsonScanner(page.records);
  scanner.array(() => {
    const start = scanner.at;
    let [id, stamp] = ['', ''];
    scanner.object((key) => {
      if (key === 'Id') id = scanner.string();
      else if (key === joinField && scanner.next() === '"') stamp = scanner.string();
      else scanner.value();
    });
    parts.set(id, { stamp, text: scanner.slice({ start, end: scanner.at }) });
  });
  for (const { id } of page.unstorable) parts.set(id, { stamp: '', text: null });
  return parts;
}

const placeOf = (parts: ReadonlyMap<string, Part>, id: string): number => [...parts.keys()].indexOf(id);

/** The last record of a page that all pages have, the first of those if there are several. */
function commonEnd(pages: readonly Page[], parts: readonly ReadonlyMap<string, Part>[]): string {
  const [first = new Map<string, Part>()] = parts;
  const ends = pages
    .flatMap(({ lastId }) => (lastId !== null && parts.every((one) => one.has(lastId)) ? [lastId] : []))
    .toSorted((a, b) => placeOf(first, a) - placeOf(first, b));
  const [end] = ends;
  if (end === undefined) throw new Fault('DATA-03', { where: 'records' });
  return end;
}

type WholePart = Part & { text: string };

const isWhole = (all: readonly (Part | undefined)[]): all is readonly WholePart[] =>
  all.every((one) => one?.text != null && one.stamp !== '' && one.stamp === all[0]?.stamp);

/** What the parts have in common comes twice, with the same value; PostgreSQL takes the last. */
const joined = (all: readonly WholePart[]): string =>
  `{${all.map(({ text }) => text.slice(1, -1)).join(',')}}`;
