/**
 * Two destinations that get the same calls in the same order: one on a real server, whose answers the processes get,
 * and one in memory, which the invariants watch. After each call both must have given the same answer and have the same
 * state: rows, fences, marks, readings, cursors, intents, tickets.
 *
 * Only the server has a status view, whose claims the invariants check. Not compared: the times of checks and the list
 * of repairs, which the memory form does not keep.
 */
import { Fault } from 'lockstep/core/faults';
import type { Mirror } from 'lockstep/postgres';
import type { Invariants } from './invariants.ts';
import type { MemoryDestination } from './memory-destination.ts';
import { type HeldKind, heldKinds, type SqlDestination, type StateEntry } from './sql-destination.ts';

type Method = keyof Mirror;
type Outcome = { value: unknown } | { error: unknown };

/** What a call can have changed, which is compared after it; everything for a call not listed. */
const changedBy: Partial<Record<Method, readonly HeldKind[]>> = {
  readProgress: [],
  readFigures: [],
  nextMarked: [],
  recordProblems: [],
  isAsPlanned: [],
  isWritable: [],
  missingIndexes: [],
  readSetAside: [],
  idsAfter: [],
  changedAfter: [],
  countByDay: [],
  unsettled: [],
  referencesOf: [],
  rowsReferringTo: [],
  hasOpenIntents: [],
  readRepairs: [],
  openTickObservation: ['reading', 'ticket'],
  openReadBackObservation: ['reading', 'ticket'],
  closeObservation: ['reading'],
  recordIntent: ['intent'],
  recordOutcome: ['intent'],
  markRows: ['mark', 'claim', 'ticket'],
  applyPage: heldKinds.filter((kind) => kind !== 'intent' && kind !== 'epoch'),
  applyRemainder: heldKinds.filter((kind) => kind !== 'intent' && kind !== 'epoch'),
};

const differencesMax = 6;

/** @param now  the time of the run, in whole milliseconds */
export function sideBySide(
  memory: MemoryDestination,
  real: SqlDestination,
  now: () => number,
  invariants: Invariants,
): Mirror {
  const differ = (name: Method, what: string) =>
    invariants.break('the SQL form and the memory form agree', null, `after ${name}: ${what}`);

  const compareAnswers = (name: Method, ranks: ReadonlyMap<string, string>, sql: Outcome, own: Outcome) => {
    if (name === 'readRepairs') return;
    const [one, other] = [answerOf(name, sql, ranks), answerOf(name, own, ranks)];
    if (one !== other) differ(name, `the SQL form answers ${one}, the memory form ${other}`);
  };
  const compareStates = async (name: Method) => {
    const kinds = changedBy[name] ?? heldKinds;
    if (kinds.length === 0) return;
    const { held, claims } = await real.look(kinds);
    const own = memory.held().filter(({ text }) => kinds.some((kind) => text.startsWith(kind)));
    for (const claim of claims) invariants.claimed(claim.sobject, claim.settledUntil);
    const [one, other] = [entriesOf(held), entriesOf(own)];
    const onlyIn = (entries: Set<string>, others: Set<string>) =>
      [...entries].filter((entry) => !others.has(entry)).slice(0, differencesMax);
    const [onlySql, onlyOwn] = [onlyIn(one, other), onlyIn(other, one)];
    if (onlySql.length + onlyOwn.length === 0) return;
    differ(name, `only the SQL form holds ${listed(onlySql)}, only the memory form ${listed(onlyOwn)}`);
  };

  return new Proxy(real.mirror, {
    get:
      (_, property) =>
      async (...given: unknown[]) => {
        const name = property as Method;
        await real.setClock(now());
        const { shared, readings } = withOneReading(name, given);
        const sql = await outcomeOf(real.mirror, name, shared);
        const own = await outcomeOf(memory, name, shared);
        if (new Set(readings).size > 1) differ(name, `the two forms begin ${readings.join(' and ')}`);
        compareAnswers(name, memory.ranks(), sql, own);
        await compareStates(name);
        if ('error' in sql) throw sql.error;
        // Processes get marked records in the memory form's order, so that a run is repeatable.
        return name === 'nextMarked' && 'value' in own ? own.value : sql.value;
      },
  });
}

/**
 * The arguments of a call for both forms. A new Bulk reading has a random part, so both get the position that was made
 * for the first form; `readings` are the two readings without that part.
 */
function withOneReading(name: Method, given: unknown[]): { shared: unknown[]; readings: string[] } {
  const readings: string[] = [];
  if (name !== 'beginBulk') return { shared: given, readings };
  const [holder, table, version, position] = given as Parameters<Mirror['beginBulk']>;
  let made: object | null = null;
  const once: typeof position = (reading) => {
    readings.push(`${reading.observation.lo}, first fill: ${reading.isFirstFill}`);
    made ??= position(reading);
    return made;
  };
  return { shared: [holder, table, version, once], readings };
}

async function outcomeOf(mirror: Mirror, name: Method, given: unknown[]): Promise<Outcome> {
  const method = mirror[name] as (...args: unknown[]) => Promise<unknown>;
  return method.apply(mirror, given).then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
}

/**
 * An answer as text, the same for equal answers: without random parts, and with ranks in reading order for marked
 * records, because of records marked at the same ticket any may come first.
 */
function answerOf(name: Method, outcome: Outcome, ranks: ReadonlyMap<string, string>): string {
  if ('error' in outcome) {
    const { error } = outcome;
    return `the error ${error instanceof Fault ? error.code : String(error)}`;
  }
  const { value } = outcome;
  if (name === 'openTickObservation' || name === 'openReadBackObservation')
    return wordsOf({ ...(value as object), nonce: '' });
  if (name === 'recoverIntents') {
    const { withoutId, ...rest } = value as { withoutId: ReadonlyMap<string, number> };
    return wordsOf({ ...rest, withoutId: [...withoutId].toSorted(([a], [b]) => (a < b ? -1 : 1)) });
  }
  if (name === 'nextMarked') return wordsOf((value as readonly string[]).map((id) => ranks.get(id)));
  if (name !== 'readProgress') return wordsOf(value);
  const { cursors, problems, ...rest } = value as Record<'cursors' | 'problems', readonly unknown[]>;
  const sorted = (list: readonly unknown[]) => list.map(wordsOf).toSorted();
  return wordsOf({ ...rest, cursors: sorted(cursors), problems: sorted(problems) });
}

const entriesOf = (held: readonly StateEntry[]) =>
  new Set(held.map(({ text, position }) => (position ? `${text}: ${wordsOf(position)}` : text)));

const listed = (entries: readonly string[]) => (entries.length === 0 ? 'nothing' : entries.join(' | '));

/** JSON with the members of objects sorted by name. */
const wordsOf = (value: unknown): string =>
  JSON.stringify(value, (_, member: unknown) =>
    typeof member === 'object' && member !== null && !Array.isArray(member)
      ? Object.fromEntries(Object.entries(member).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : member,
  ) ?? 'nothing';
