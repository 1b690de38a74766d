/** `watch`: how far a sync is and what happens to it, until Ctrl-C or until it is live. */
import { deadline, systemClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { activitySchema } from '../../contract/activity.ts';
import { problemSchema } from '../../contract/problem.ts';
import { type ObjectView, objectSchema, type SyncView, syncSchema } from '../../contract/syncs.ts';
import { Fault } from '../../core/faults.ts';
import { timeOf } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import type { ApiEvent } from '../api-client.ts';
import { type Arguments, type Command, type Context, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf, wasDeleted } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { liveEvents } from '../live-events.ts';
import { parseDuration } from '../terminal/duration.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import type { Output } from '../terminal/output.ts';
import { inUtc, openProgress } from '../terminal/progress.ts';
import { phaseOf, type SyncProgress } from '../terminal/progress-lines.ts';

const help = 'lockstep help watch';
/** Ages are shown, and a line a minute, also while nothing changes. */
const lookEveryMs = 1_000;
/** Of a timer of Node. */
const waitMaxMs = 500 * 3_600_000;

export const watch: Command = {
  flags: {
    sync: syncFlag,
    until: {
      value: 'live',
      description: 'End with code 0 when the sync runs and every object is complete.',
    },
    wait: { value: 'TIME', description: 'With --until: end with code 8 after this time, such as 20h.' },
  },
  async run(args, context) {
    const { output, stop } = context;
    const waitMs = waitOf(args);
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    using late = deadline(systemClock, waitMs ?? waitMaxMs, stop);
    const signal = waitMs === undefined ? stop : late;
    const seen = new WatchedSync(name, output);
    try {
      await follow(seen, liveEvents(api, `${pathOf(id)}/events`, context, signal), args.isSet('until'));
    } catch (error) {
      output.show([]);
      if (stop.aborted) return notWatching(name, context);
      if (!late.aborted || waitMs === undefined) throw error;
      const reason = `${name} is not live after ${args.text('wait')}.`;
      throw new Fault('SYS-14', { reason, sync: shellWord(name) });
    }
    output.show([]);
    if (!output.wantsJson) output.data(`${name} is live.`);
    return 0;
  },
};

function waitOf(args: Arguments): number | undefined {
  const [until, text] = [args.text('until'), args.text('wait')];
  if (until !== undefined && until !== 'live') throw usageError('--until takes live', help);
  if (text === undefined) return undefined;
  if (until === undefined) throw usageError('--wait belongs to --until live', help);
  const ms = parseDuration(text);
  if (ms !== undefined && ms > 0 && ms <= waitMaxMs) return ms;
  throw usageError('--wait takes a time such as 90s, 30m or 20h, up to 500h', help);
}

function notWatching(name: string, { output }: Context): number {
  output.say(`No longer watching; ${name} goes on.`);
  return exitCodes.interrupted;
}

/** Returns when the sync is live, if that is what is waited for. */
async function follow(seen: WatchedSync, events: AsyncIterable<ApiEvent>, untilLive: boolean): Promise<void> {
  const look = setInterval(() => seen.show(), lookEveryMs);
  try {
    for await (const event of events) {
      seen.take(event);
      if (untilLive && seen.isLive) return;
    }
  } finally {
    clearInterval(look);
  }
}

/** What the events so far tell of a sync. */
class WatchedSync {
  private readonly name: string;
  private readonly output: Output;
  private readonly progress: (seen: SyncProgress) => void;
  private readonly objects = new Map<string, ObjectView>();
  private sync: SyncView | null = null;

  constructor(name: string, output: Output) {
    this.name = name;
    this.output = output;
    this.progress = openProgress(name, output, `Ctrl-C stops watching; ${name} goes on.`);
  }

  /** @throws an error that says so if the sync was deleted */
  take({ type, data }: ApiEvent): void {
    if (type === 'deleted') throw wasDeleted(this.name);
    if (type === 'sync') this.sync = syncSchema.parse(data);
    if (type === 'object') {
      const object = objectSchema.parse(data);
      this.objects.set(object.sobject, object);
    }
    if (type === 'activity') this.tellActivity(data);
    if (type === 'problem') this.tellProblem(data);
    this.show();
  }

  get isLive(): boolean {
    const seen = this.whole;
    return seen !== null && phaseOf(seen) === 'live';
  }

  show(): void {
    if (this.whole) this.progress(this.whole);
  }

  /** Null until all objects have been told. */
  private get whole(): SyncProgress | null {
    if (!this.sync) return null;
    const { state, fault, objects: names, mirror_fault: unread } = this.sync;
    const objects = names.flatMap((name) => this.objects.get(name) ?? []);
    if (objects.length < names.length && unread === null) return null;
    return { state, fault: fault && fault.code, objects };
  }

  /** States are told as changes of the progress. */
  private tellActivity(data: unknown): void {
    const entry = activitySchema.parse(data);
    if (this.output.wantsJson) this.output.object({ schema: 1, name: this.name, activity: entry });
    else if (entry.kind !== 'state') this.output.say(`${inUtc(timeOf(entry.at))} ${this.name} ${entry.says}`);
  }

  private tellProblem(data: unknown): void {
    const { code, detail, next } = problemSchema.parse(data);
    if (this.output.wantsJson)
      this.output.object({ schema: 1, name: this.name, problem: { code, detail, next } });
    else this.output.say(`${inUtc(systemClock.now())} ${this.name} ${code}: ${detail}`);
  }
}
