/**
 * Limits how many requests are under way at once and shares the turns fairly. A request has a path, such as
 * [sync, caller], and each level of the path has bounds: for everybody, per sync, per caller. A turn goes to the sync
 * whose last turn was longest ago, within it to the caller whose last turn was longest ago, and to that caller's oldest
 * request. So a caller that asks a hundred times at once mostly waits for itself and hardly delays the others.
 */
export interface LevelBounds {
  underWay: number;
  waiting: number;
}

export interface Requester {
  /** May be called before {@link FairQueue.ask} returns. */
  onGranted(): void;
  /** The queue is full, and the place goes to somebody with fewer requests waiting. */
  onDisplaced(): void;
}

/** A turn, or a place in the queue for one. */
export interface Permit {
  /** Gives it up. Does nothing the second time. */
  leave(): void;
}

export class FairQueue {
  private readonly bounds: readonly LevelBounds[];
  private readonly all: Line;

  /** @param bounds  of the whole queue, then of each level of the paths */
  constructor(bounds: readonly [LevelBounds, ...LevelBounds[]]) {
    this.bounds = bounds;
    this.all = new Line('', null, bounds[0]);
  }

  /** Null: the queue is full, and the asker's own line is the longest. */
  ask(path: readonly string[], asker: Requester): Permit | null {
    const lines = this.linesOf(path);
    const waiter: Waiter = { asker, lines, state: 'waiting' };
    // A waiter with room on all levels would already have its turn, so nobody waiting is overtaken.
    const isNext = lines.every((line) => line.hasRoom());
    const displaced: Waiter[] = [];
    const mayStay = isNext || makeRoomToWait(lines, displaced);
    if (mayStay) enter(waiter);
    else forgetEmpty(lines);
    for (const { asker: other } of displaced) other.onDisplaced();
    if (isNext) begin(waiter);
    return mayStay ? { leave: () => this.leave(waiter) } : null;
  }

  /** Counts the requests at the path and below it; the empty path counts all. */
  count(path: readonly string[] = []): { underWay: number; waiting: number } {
    let line: Line | undefined = this.all;
    for (const name of path) line = line?.parts.get(name);
    return { underWay: line?.underWay ?? 0, waiting: line?.waiting ?? 0 };
  }

  private leave(waiter: Waiter): void {
    if (waiter.state === 'gone') return;
    remove(waiter);
    for (let next = nextIn(this.all); next; next = nextIn(this.all)) begin(next);
  }

  /** From the root down to the end of the path. */
  private linesOf(path: readonly string[]): Line[] {
    const lines = [this.all];
    let line = this.all;
    for (const [at, name] of path.entries()) {
      const bounds = this.bounds[at + 1];
      if (!bounds) throw new Error('the path is longer than the queue has levels');
      const part = line.parts.get(name) ?? new Line(name, line, bounds);
      line.parts.set(name, part);
      lines.push((line = part));
    }
    return lines;
  }
}

interface Waiter {
  asker: Requester;
  lines: readonly Line[];
  state: 'waiting' | 'under way' | 'gone';
}

/** A waiting line: one node of the tree of paths. */
class Line {
  underWay = 0;
  waiting = 0;
  readonly parts = new Map<string, Line>();
  /** The parts in which somebody waits; the first is next. */
  readonly turns = new Set<Line>();
  /** The requests whose path ends here, the oldest first. */
  readonly waiters = new Set<Waiter>();
  readonly name: string;
  readonly parent: Line | null;
  readonly bounds: LevelBounds;

  constructor(name: string, parent: Line | null, bounds: LevelBounds) {
    this.name = name;
    this.parent = parent;
    this.bounds = bounds;
  }

  hasRoom(): boolean {
    return this.underWay < this.bounds.underWay;
  }
}

function enter(waiter: Waiter): void {
  waiter.lines.at(-1)?.waiters.add(waiter);
  for (const line of waiter.lines) {
    line.waiting += 1;
    line.parent?.turns.add(line);
  }
}

function begin(waiter: Waiter): void {
  endWait(waiter);
  waiter.state = 'under way';
  for (const line of waiter.lines) {
    line.underWay += 1;
    // The others who wait in this line now come after the other lines.
    if (line.parent?.turns.delete(line) && line.waiting > 0) line.parent.turns.add(line);
  }
  waiter.asker.onGranted();
}

function remove(waiter: Waiter): void {
  if (waiter.state === 'waiting') endWait(waiter);
  else for (const line of waiter.lines) line.underWay -= 1;
  waiter.state = 'gone';
  forgetEmpty(waiter.lines);
}

function endWait(waiter: Waiter): void {
  waiter.lines.at(-1)?.waiters.delete(waiter);
  for (const line of waiter.lines) {
    line.waiting -= 1;
    if (line.waiting === 0) line.parent?.turns.delete(line);
  }
}

function forgetEmpty(lines: readonly Line[]): void {
  for (const line of lines) {
    if (line.underWay + line.waiting === 0) line.parent?.parts.delete(line.name);
  }
}

/** Whose turn it is; null when nobody waits or every waiter is at a bound. */
function nextIn(line: Line): Waiter | null {
  if (!line.hasRoom()) return null;
  const [first] = line.waiters;
  if (first) return first;
  for (const part of line.turns) {
    const next = nextIn(part);
    if (next) return next;
  }
  return null;
}

function makeRoomToWait(lines: readonly Line[], displaced: Waiter[]): boolean {
  for (const line of lines.toReversed()) {
    if (line.waiting < line.bounds.waiting) continue;
    const last = lastOfLongest(line, lines);
    if (!last) return false;
    remove(last);
    displaced.push(last);
  }
  return true;
}

/** The last waiter of the longest line; null if that would be the asker, whose lines are `own`. */
function lastOfLongest(full: Line, own: readonly Line[]): Waiter | null {
  let line = full;
  while (line.turns.size > 0) {
    const ownPart = own.find(({ parent }) => parent === line);
    let longest = ownPart;
    // The asker's line must be the shorter one even with the asker in it, or the two would displace each other forever.
    let most = ownPart ? ownPart.waiting + 1 : 0;
    for (const part of line.turns) {
      if (part.waiting > most) [longest, most] = [part, part.waiting];
    }
    if (!longest) return null;
    line = longest;
  }
  return own.includes(line) ? null : ([...line.waiters].at(-1) ?? null);
}
