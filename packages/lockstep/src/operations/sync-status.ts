/** The state of a sync and of each of its objects, as a person or a program is told it. */

import { shellWord } from '@lockstep/foundation/shell-words';
import { type Control, type Health, mirrorHost, readHealth, type Sync } from '../control/index.ts';
import { endOfVersion } from '../core/api-version.ts';
import { Fault } from '../core/faults.ts';
import { counted, timeOf, timeSince } from '../core/plain-words.ts';
import { databaseFault } from '../postgres/index.ts';
import {
  type Finding,
  findingsOf,
  headlineOf,
  isHealthy,
  maxReadAgeMs,
  severityHeadline,
} from './findings.ts';
import { withViews } from './open-mirror.ts';
import { type ObjectStatus, readNow, readObjects } from './read-objects.ts';
import { paceOf, type SyncHeadline, stateOf, stateWord } from './state-words.ts';

/** One sync, as seen at one instant of the database's clock. */
export interface SyncStatus extends SyncHeadline {
  sync: Sync;
  health: Health;
  objects: readonly ObjectStatus[];
  now: number;
  /** Why its objects could not be read; null if they were. */
  unread: Fault | null;
  /** Worst first. */
  findings: readonly Finding[];
}

export const readSyncStatus = async (control: Control, sync: Sync): Promise<SyncStatus> =>
  statusIn(await readHealth(control), control, sync);

export async function readSyncStatuses(control: Control, syncs: readonly Sync[]): Promise<SyncStatus[]> {
  const healthOf = await readHealth(control);
  const seen: SyncStatus[] = [];
  for (const sync of syncs) seen.push(await statusIn(healthOf, control, sync));
  return seen;
}

async function statusIn(
  healthOf: Awaited<ReturnType<typeof readHealth>>,
  control: Control,
  sync: Sync,
): Promise<SyncStatus> {
  const health = healthOf.get(sync.id) ?? { hasWorker: false, fault: null };
  return statusOf(sync, health, await readMirror(control, sync));
}

type MirrorView = Pick<SyncStatus, 'objects' | 'now' | 'unread'>;

/** If one mirror cannot be read, `status` still shows the rest of its sync and all other syncs. */
async function readMirror(control: Control, sync: Sync): Promise<MirrorView> {
  try {
    const { objects, now } = await withViews(control, sync, readObjects);
    // One that was removed while the sync is paused is still in the mirror's bookkeeping.
    const isChosen = ({ sobject }: ObjectStatus) => sync.sobjects.includes(sobject);
    return { objects: objects.filter(isChosen), now, unread: null };
  } catch (error) {
    const unread = error instanceof Fault ? error : databaseFault(error, mirrorHost(control, sync));
    if (!unread) throw error;
    return { objects: [], now: await readNow(control.db), unread };
  }
}

/** The headline is the worst finding. That Salesforce retires the API version is said below any of them. */
export function statusOf(sync: Sync, health: Health, mirror: MirrorView): SyncStatus {
  const { objects, now } = mirror;
  const state = stateOf(sync, health, now);
  const isRunning = state.state === 'running';
  const findings = findingsOf(sync, objects, now, isRunning ? maxReadAgeMs(sync, objects.length) : null);
  const seen = { sync, health, findings, ...mirror };
  const head = isRunning ? runningHead(state, seen) : stoppedHead(state, seen);
  const end = versionEnd(seen);
  const ends =
    end.length > 0
      ? [...end, `next: lockstep sync set --sync ${shellWord(sync.name)} --api-version newest`]
      : [];
  return { ...seen, ...head, lines: [...head.lines, ...ends] };
}

type Seen = Omit<SyncStatus, keyof SyncHeadline>;

function runningHead(state: SyncHeadline, { sync, objects, unread, findings }: Seen): SyncHeadline {
  if (unread) return { ...state, ...unreadHead(unread), word: 'Unreadable' };
  const [worst] = findings;
  if (worst) {
    const more = findings.length > 1 ? [`and ${counted(findings.length - 1, 'more finding')} below`] : [];
    const lines = [worst.reason, `next: ${worst.next}`, ...more];
    return { ...state, word: severityHeadline(worst), headline: headlineOf(worst), lines };
  }
  const complete = objects.filter(({ state }) => !isBackfilling(state)).length;
  if (complete === objects.length) return state;
  const headline = `Backfill: ${complete} of ${counted(objects.length, 'object')} complete, ${paceOf(sync)}`;
  return { ...state, word: 'Backfill', headline, lines: [] };
}

const stoppedHead = (state: SyncHeadline, { unread }: Seen): SyncHeadline =>
  unread && state.state !== 'locked'
    ? { ...state, lines: [...state.lines, ...unreadHead(unread).lines] }
    : state;

const unreadHead = ({ code, message, next }: Fault) => ({
  headline: `Its mirror cannot be read from here: ${code}`,
  lines: [`${code}: ${message}`, `next: ${next}`],
});

/** An object whose backfill is not complete. */
const isBackfilling = (state: string) => state === 'queued' || state === 'backfilling';

/** Whether all is well: the reasons why not, and what is only reported. */
export const checkHealth = (seen: SyncStatus, maxAgeMs: number): { reasons: string[]; notes: string[] } => ({
  reasons: whyNotWell(seen, maxAgeMs),
  notes: [
    ...seen.findings
      .filter(isHealthy)
      .map(({ severity, says, reason }) => `${severity}: ${seen.sync.name}: ${says}. ${reason}`),
    ...versionEnd(seen).map((line) => `${seen.sync.name}: ${line}`),
  ],
});

/** A line if Salesforce retires the version of its API within a year. */
function versionEnd({ sync, now }: Pick<SyncStatus, 'sync' | 'now'>): string[] {
  const end = endOfVersion(sync.apiVersion, now);
  if (end === null) return [];
  return [`Salesforce stops serving API version ${sync.apiVersion}, which it uses, in ${end}.`];
}

function whyNotWell(seen: SyncStatus, maxAgeMs: number): string[] {
  const { sync, state, headline, unread, objects, findings, now } = seen;
  const { name } = sync;
  const reasons = state !== 'running' || unread ? [`${name}: ${headline}`] : [];
  const ill = findings.filter((finding) => !isHealthy(finding));
  for (const { says, reason } of ill) reasons.push(`${name}: ${says}. ${reason}`);
  for (const { sobject, state, read_until: readUntil } of objects) {
    if (ill.some((finding) => finding.sobject === sobject)) continue;
    if (state !== 'current') {
      reasons.push(`${name}: ${sobject}: ${stateWord(state)}`);
    } else if (maxAgeMs < Infinity && (readUntil === null || now - timeOf(readUntil) > maxAgeMs)) {
      reasons.push(`${name}: ${sobject}: read ${timeSince(readUntil, now)}`);
    }
  }
  return reasons;
}
