/**
 * Decides which promises a sequence of events has broken. It does nothing else: the same events give the same verdict,
 * so every way to break a promise has a test.
 *
 * The org's own log gives each record's versions in the order of their commits. A row that SQL shows must be one of
 * them, not older than any shown before the statement began, nor than a write answered `yes` before it began.
 */
import type { Answered, Guarantee, Outcome, Row, RunEvent, Violation } from './history.ts';
import { type Debt, isEqual, type Line, RecordHistory } from './record-history.ts';

export interface CheckerOptions {
  /** The compared fields of a record, to name the ones that differ. */
  fieldsOf: (record: string) => readonly string[];
  /** How long after the last disturbance everything that was not visible at once must be. */
  soonMs: number;
}

interface Write {
  outcome: Outcome | null;
  answeredAt: number;
  commits: { record: string; version: number }[];
}

/** All effects of a write arrive within this time after its answer. */
const lateMsMax = 120_000;
const nemesisMax = 40;
/** A story includes the disturbances of this long before its end. */
const nemesisMs = 15_000;

export function checked(happenings: readonly RunEvent[], options: CheckerOptions): readonly Violation[] {
  const check = new Checker(options);
  for (const happening of happenings) check.take(happening);
  return check.violations;
}

export class Checker {
  readonly violations: Violation[] = [];
  /** Longest time from an answer until SQL showed a write that was not visible at once. */
  slowestMs = 0;
  private readonly options: CheckerOptions;
  private readonly records = new Map<string, RecordHistory>();
  private readonly writes = new Map<number, Write>();
  /** The latest disturbances. */
  private readonly nemesis: Line[] = [];
  /** Records with debts: versions that must still become visible. */
  private readonly indebted = new Set<string>();

  constructor(options: CheckerOptions) {
    this.options = options;
  }

  take(happening: RunEvent): void {
    switch (happening.kind) {
      case 'found':
        return this.found(happening.record, happening.row, happening.at);
      case 'commit':
        return this.committed(happening);
      case 'answered':
        return this.answered(happening);
      case 'seen':
        return this.seen(happening);
      case 'calm':
        return this.wasCalm(happening.since, happening.at);
      case 'nemesis':
        return this.disturbed(happening);
      case 'over':
        return this.end(happening.record);
    }
  }

  /** Records that must be read, because a version of them is still to become visible. */
  get awaited(): ReadonlySet<string> {
    return this.indebted;
  }

  /** How many records are kept in memory. */
  get size(): number {
    return this.records.size;
  }

  break(promised: Guarantee, record: string | null, what: string): void {
    const history = record === null ? undefined : this.records.get(record);
    if (history?.isBroken) return;
    if (history) history.isBroken = true;
    this.violations.push({ promised, record, what, story: this.storyOf(history?.story ?? []) });
  }

  /** What happened to a record, with the disturbances in between. */
  private storyOf(history: readonly Line[]): string[] {
    const since = (history.at(-1)?.at ?? Number.NEGATIVE_INFINITY) - nemesisMs;
    const nemesis = this.nemesis.filter(({ at }) => at >= since);
    const lines: Line[] = [];
    for (const line of history) {
      while (nemesis[0] && nemesis[0].at < line.at) lines.push(nemesis.shift() as Line);
      lines.push(line);
    }
    return [...lines, ...nemesis].map(({ at, text }) => `${(at / 1000).toFixed(3).padStart(9)} s  ${text}`);
  }

  private disturbed(line: Line): void {
    this.nemesis.push({ at: line.at, text: line.text });
    if (this.nemesis.length > nemesisMax) this.nemesis.shift();
  }

  private found(record: string, row: Row, at: number): void {
    const history = this.historyOf(record);
    history.add(row);
    history.tell(at, 'the run begins, and the org has it as version 1');
  }

  private committed({ at, record, row, what, write: number }: RunEvent & { kind: 'commit' }): void {
    const history = this.historyOf(record);
    const version = history.add(row);
    history.tell(at, `version ${version}: ${what}${number === null ? '' : ` by write ${number}`}`);
    if (number === null) return;
    const write = this.writeOf(number);
    write.commits.push({ record, version });
    if (write.outcome === 'unknown') this.owe(record, { version, since: at, write: number });
    if (write.outcome === 'no' || write.outcome === 'refused') {
      this.break(
        'an answer says what was written',
        record,
        `write ${number} was answered ${write.outcome}, and then committed`,
      );
    }
  }

  private answered(answer: Answered): void {
    const { at, write: number, what, outcome, records, prefix, isOnce } = answer;
    const write = this.writeOf(number);
    write.outcome = outcome;
    write.answeredAt = at;
    const committed = new Set(write.commits.map(({ record }) => record));
    const named = records ?? [...committed].filter((record) => record.startsWith(prefix));
    for (const record of named) this.records.get(record)?.tell(at, `write ${number}, ${what}: ${outcome}`);
    this.forgetWrites(at);
    const wrong = (record: string | null, text: string) =>
      this.break('an answer says what was written', record, `write ${number}, ${what}: ${text}`);
    if (outcome === 'no' || outcome === 'refused') {
      const [first] = write.commits;
      if (first) wrong(first.record, `it was answered ${outcome}, and is committed`);
      return;
    }
    for (const record of named) {
      const commits = write.commits.filter((commit) => commit.record === record);
      const version = commits.at(-1)?.version;
      if (isOnce && records !== null && commits.length > 1) {
        this.break('a write is sent once', record, `write ${number} is committed ${commits.length} times`);
      }
      if (version === undefined) {
        if (outcome !== 'unknown') wrong(record, 'the org has not committed it');
        else this.owe(record, { version: this.historyOf(record).newest, since: at, write: number });
      } else if (outcome === 'yes') {
        this.historyOf(record).raise({ at, version, why: 'answered' });
      } else {
        this.owe(record, { version, since: at, write: number });
      }
    }
  }

  private seen({ at, from, record, row, by }: RunEvent & { kind: 'seen' }): void {
    const history = this.records.get(record);
    if (!history) return;
    const floor = history.floorAt(from);
    const version = history.find(row, floor.version);
    if (version === undefined) {
      history.tell(
        at,
        `${by} sees ${this.worded(record, history, row)}, and not version ${floor.version} or later`,
      );
      return this.brokenBy(history, record, row, floor);
    }
    if (version > history.floorAt(Number.POSITIVE_INFINITY).version) {
      history.tell(at, `${by} sees version ${version}`);
      history.raise({ at, version, why: 'seen' });
    }
    this.settle(history, record, { row, from, at });
  }

  /** Reports a row that is none of the versions that it may be. */
  private brokenBy(
    history: RecordHistory,
    record: string,
    row: Row | null,
    { version: floor, why }: { version: number; why: string },
  ): void {
    const shown = this.worded(record, history, row);
    const older = history.find(row, 0);
    if (why === 'answered') {
      const promised = 'a write that is answered yes is in the mirror at once';
      return this.break(promised, record, `SQL shows ${shown} after version ${floor} was answered yes`);
    }
    if (older === undefined)
      return this.break('a row is a version of its record', record, `SQL shows ${shown}`);
    const isBack = history.version(floor) === null && row !== null && floor > 0;
    const promised = isBack ? 'no deleted record comes back' : 'no value goes back';
    this.break(promised, record, `SQL shows ${shown} after version ${floor}`);
  }

  private owe(record: string, debt: { version: number; since: number; write: number }): void {
    const history = this.historyOf(record);
    history.debts.push({ ...debt, dueAt: null });
    this.indebted.add(record);
  }

  /** Removes debts that have been seen, and reports those that should have been. */
  private settle(
    history: RecordHistory,
    record: string,
    { row, from, at }: { row: Row | null; from: number; at: number },
  ): void {
    if (history.debts.length === 0) return;
    const isPaid = ({ version }: Debt) => history.find(row, version) !== undefined;
    const [paid, left] = [history.debts.filter(isPaid), history.debts.filter((debt) => !isPaid(debt))];
    this.slowestMs = Math.max(this.slowestMs, ...paid.map(({ since }) => at - since));
    const late = left.find(({ dueAt }) => dueAt !== null && dueAt <= from);
    if (late) {
      const { write, version, since } = late;
      const shown = `SQL shows ${this.worded(record, history, row)} ${at - since} ms after version ${version} became due`;
      this.break('what is not visible at once is visible soon', record, `write ${write}: ${shown}`);
    }
    history.debts.splice(0, history.debts.length, ...(late ? [] : left));
    if (history.debts.length > 0) return;
    this.indebted.delete(record);
    if (history.isOver) this.records.delete(record);
  }

  private wasCalm(since: number, at: number): void {
    const dueBefore = at - this.options.soonMs;
    if (since > dueBefore) return;
    for (const record of this.indebted) {
      for (const debt of this.records.get(record)?.debts ?? []) {
        if (debt.since <= dueBefore) debt.dueAt ??= at;
      }
    }
  }

  private end(record: string): void {
    const history = this.records.get(record);
    if (!history) return;
    history.isOver = true;
    if (history.debts.length === 0) this.records.delete(record);
  }

  private historyOf(record: string): RecordHistory {
    const known = this.records.get(record);
    if (known) return known;
    const history = new RecordHistory();
    this.records.set(record, history);
    return history;
  }

  private writeOf(number: number): Write {
    const known = this.writes.get(number);
    if (known) return known;
    const write: Write = { outcome: null, answeredAt: Number.POSITIVE_INFINITY, commits: [] };
    this.writes.set(number, write);
    return write;
  }

  /** Forgets old writes. Those at the front are the oldest, or still wait for their answer. */
  private forgetWrites(now: number): void {
    for (const [number, { answeredAt }] of this.writes) {
      if (answeredAt > now - lateMsMax) break;
      this.writes.delete(number);
    }
  }

  private worded(record: string, history: RecordHistory, row: Row | null): string {
    if (row === null) return 'no row';
    const known = history.find(row, 0);
    if (known !== undefined) return `version ${known}`;
    const newest = history.version(history.newest);
    if (!newest) return `a row that is no version of it: ${this.differing(record, row, null)}`;
    return `a row that is no version of it, and differs from version ${history.newest} by ${this.differing(record, row, newest)}`;
  }

  private differing(record: string, row: Row, from: Row | null): string {
    return this.options
      .fieldsOf(record)
      .flatMap((field, place) =>
        isEqual([row[place] ?? null], [from?.[place] ?? null])
          ? []
          : [`${field} ${row[place] ?? 'null'}${from ? ` for ${from[place] ?? 'null'}` : ''}`],
      )
      .slice(0, 8)
      .join(', ');
  }
}
