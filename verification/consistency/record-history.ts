import type { Row } from './history.ts';

/** From when on the mirror must show this version or a later one, and why. */
export interface Floor {
  at: number;
  version: number;
  why: 'start' | 'seen' | 'answered';
}

/** A version that must become visible soon. */
export interface Debt {
  version: number;
  since: number;
  write: number;
  /** From when on every statement must show it; null until the calm has lasted long enough. */
  dueAt: number | null;
}

export interface Line {
  at: number;
  text: string;
}

const linesMax = 60;
/** No statement runs longer than this. */
const statementMsMax = 60_000;

/**
 * The versions of one record in the order of their commits, from the oldest that may still be seen, and which of them
 * have been shown. Version numbers never change; version 0 is the state before the record exists.
 */
export class RecordHistory {
  readonly debts: Debt[] = [];
  /** One broken promise breaks others: only the first is reported. */
  isBroken = false;
  isOver = false;
  private first = 0;
  private versions: (Row | null)[] = [null];
  private floors: Floor[] = [{ at: Number.NEGATIVE_INFINITY, version: 0, why: 'start' }];
  /** What happened to the record; if there are many lines, the first and the latest. */
  readonly story: Line[] = [];

  get newest(): number {
    return this.first + this.versions.length - 1;
  }

  add(row: Row | null): number {
    this.versions.push(row);
    return this.newest;
  }

  version(number: number): Row | null {
    return this.versions[number - this.first] ?? null;
  }

  /** The floor for a statement that begins at `from`. */
  floorAt(from: number): Floor {
    const floor = this.floors.findLast(({ at }) => at <= from);
    return floor ?? (this.floors[0] as Floor);
  }

  raise(floor: Floor): void {
    const last = this.floors.at(-1) as Floor;
    if (floor.version <= last.version) return;
    this.floors.push(floor);
    const needed = this.floors.findLastIndex(({ at }) => at <= floor.at - statementMsMax);
    if (needed > 0) this.floors.splice(0, needed);
    const kept = (this.floors[0] as Floor).version;
    // Keeps one older version, so that the version of a row that has gone back can be named.
    const gone = Math.max(0, Math.min(kept - this.first - 1, this.versions.length - 1));
    this.versions.splice(0, gone);
    this.first += gone;
  }

  /** The oldest version from `from` on that equals the row; undefined if none does. */
  find(row: Row | null, from: number): number | undefined {
    for (let number = Math.max(from, this.first); number <= this.newest; number++) {
      if (isEqual(this.version(number), row)) return number;
    }
    return undefined;
  }

  tell(at: number, text: string): void {
    this.story.push({ at, text });
    if (this.story.length > linesMax) this.story.splice(1, 1);
  }
}

export function isEqual(one: Row | null, other: Row | null): boolean {
  if (one === other) return true;
  if (one === null || other === null || one.length !== other.length) return false;
  return one.every((value, place) => value === other[place]);
}
