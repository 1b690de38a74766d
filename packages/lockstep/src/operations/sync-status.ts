/** The state of a sync and of each of its objects, as a person or a program is told it. */

import { shellWord } from '@lockstep/foundation/shell-words';
import {
  type Control,
  type Health,
  mirrorHost,
  type OrgUsage,
  readHealth,
  readOrgUses,
  type Sync,
} from '../control/index.ts';
import { endOfVersion } from '../core/api-version.ts';
import { Fault } from '../core/faults.ts';
import { timeOf, timeSince } from '../core/plain-words.ts';
import { isReading, objectStates, type SyncState } from '../core/states.ts';
import { databaseFault } from '../postgres/index.ts';
import type { BackfillRates } from './backfill-rates.ts';
import { type Finding, findingsOf, isHealthy } from './findings.ts';
import { maxReadAgeMs, objectStateOf, type SeenObject } from './object-state.ts';
import { withViews } from './open-mirror.ts';
import { type ObjectStatus, readNow, readObjects } from './read-objects.ts';
import { headlineOf, type SyncHeadline } from './sync-headline.ts';
import { shownFault, syncStateOf } from './sync-state.ts';

/** One sync, as seen at one instant of the database's clock. */
export interface SyncStatus extends SyncHeadline {
  sync: Sync;
  state: SyncState;
  health: Health;
  objects: readonly SeenObject[];
  /** How long ago an object may have been read. */
  targetMs: number;
  now: number;
  /** Why its objects could not be read; null if they were. */
  unread: Fault | null;
  /** Worst first. */
  findings: readonly Finding[];
  /** As Salesforce last reported it; null: not within a day. */
  orgUse: OrgUsage | null;
}

/** @param rates  without them nobody knows how fast its objects are copied */
export const readSyncStatus = async (
  control: Control,
  sync: Sync,
  rates: BackfillRates | null = null,
): Promise<SyncStatus> => statusIn(await readKnown(control, [sync]), control, sync, rates);

/** Each takes a connection of its own. */
const mirrorsAtOnce = 4;

export async function readSyncStatuses(control: Control, syncs: readonly Sync[]): Promise<SyncStatus[]> {
  const known = await readKnown(control, syncs);
  const seen: SyncStatus[] = [];
  const left = syncs.entries();
  const readRest = async () => {
    for (const [place, sync] of left) seen[place] = await statusIn(known, control, sync, null);
  };
  await Promise.all(Array.from({ length: mirrorsAtOnce }, readRest));
  return seen;
}

/** What is known of syncs without their mirrors. */
async function readKnown(control: Control, syncs: readonly Sync[]) {
  const ids = syncs.map(({ id }) => id);
  return { healthOf: await readHealth(control), orgUses: await readOrgUses(control, ids) };
}

async function statusIn(
  { healthOf, orgUses }: Awaited<ReturnType<typeof readKnown>>,
  control: Control,
  sync: Sync,
  rates: BackfillRates | null,
): Promise<SyncStatus> {
  const health = healthOf.get(sync.id) ?? { hasWorker: false, fault: null };
  const orgUse = orgUses.get(sync.id) ?? null;
  return statusOf(sync, health, await readMirror(control, sync), { rates, orgUse });
}

/** What is known of the objects of a sync. */
interface MirrorView {
  objects: readonly ObjectStatus[];
  now: number;
  unread: Fault | null;
}

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

/** That Salesforce retires the API version is said below the headline, in every state. */
export function statusOf(
  sync: Sync,
  health: Health,
  { objects: found, now, unread }: MirrorView,
  { rates, orgUse }: { rates: BackfillRates | null; orgUse: OrgUsage | null } = { rates: null, orgUse: null },
): SyncStatus {
  const targetMs = maxReadAgeMs(sync, sync.sobjects.length);
  const objects = found.map((object) => ({
    ...object,
    seenState: objectStateOf(object, { isPaused: sync.paused, targetMs, now }),
    rowsPerMinute: rateOf(sync, object, rates, now),
  }));
  const fault = shownFault(health, now);
  const states = objects.map(({ seenState }) => seenState);
  const state = syncStateOf(sync, { ...health, fault }, states, unread);
  const isRunning = isReading(state) && !sync.paused && !fault && !unread;
  const findings = findingsOf(sync, objects, now, isRunning ? targetMs : null);
  const isHeld = health.hasWorker && !sync.paused;
  const head = headlineOf({ sync, state, fault, isHeld, unread, objects, findings, now });
  const seen = { sync, state, health, objects, targetMs, now, unread, findings, orgUse };
  const end = versionEnd(seen);
  const ends =
    end.length > 0
      ? [...end, `next: lockstep sync set --sync ${shellWord(sync.name)} --api-version newest`]
      : [];
  return { ...seen, ...head, lines: [...head.lines, ...ends] };
}

function rateOf(
  { id }: Pick<Sync, 'id'>,
  object: ObjectStatus,
  rates: BackfillRates | null,
  now: number,
): number | null {
  if (!rates) return null;
  if (object.state === 'backfilling') return rates.note(id, object, now);
  rates.forget(id, object.sobject);
  return null;
}

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
  const { sync, state, headline, objects, findings, now } = seen;
  const { name } = sync;
  const reasons = isReading(state) && !sync.isRecopying ? [] : [`${name}: ${headline}`];
  const ill = findings.filter((finding) => !isHealthy(finding));
  for (const { says, reason } of ill) reasons.push(`${name}: ${says}. ${reason}`);
  for (const { sobject, state, seenState, read_until: readUntil } of objects) {
    if (ill.some((finding) => finding.sobject === sobject)) continue;
    if (state !== 'current') {
      reasons.push(`${name}: ${sobject}: ${objectStates[seenState].word}`);
    } else if (maxAgeMs < Infinity && (readUntil === null || now - timeOf(readUntil) > maxAgeMs)) {
      reasons.push(`${name}: ${sobject}: read ${timeSince(readUntil, now)}`);
    }
  }
  return reasons;
}
