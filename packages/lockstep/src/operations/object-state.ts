/** The state of one object, from what its mirror and its sync say. */
import type { Sync } from '../control/index.ts';
import { timeOf } from '../core/plain-words.ts';
import type { ObjectState } from '../core/states.ts';
import type { ObjectStatus } from './read-objects.ts';

/**
 * How long ago an object may have been read while its sync runs: ten of its turns (a request polls up to five
 * objects), and never less than a minute.
 */
export const maxReadAgeMs = ({ intervalMs }: Pick<Sync, 'intervalMs'>, objects: number): number =>
  Math.max(60_000, 10 * intervalMs * Math.ceil(objects / 5));

/** A table is as fresh as the start of its backfill until its first poll, which gets this much longer. */
const firstPollWithinMs = 3_600_000;

/** Null: it has no time yet, or no field with one. */
export const readAgeMs = (
  { read_until: at }: Pick<ObjectStatus, 'read_until'>,
  now: number,
): number | null => (at === null ? null : Math.max(0, now - timeOf(at)));

/** Of those objects that have one. */
export const agesOf = (objects: readonly Pick<ObjectStatus, 'read_until'>[], now: number): number[] =>
  objects.flatMap((object) => readAgeMs(object, now) ?? []);

export function isOverdue(
  object: Pick<ObjectStatus, 'read_until' | 'settled_until'>,
  now: number,
  targetMs: number,
): boolean {
  const ageMs = readAgeMs(object, now);
  const wasPolled = object.read_until !== object.settled_until;
  return ageMs !== null && ageMs > targetMs + (wasPolled ? 0 : firstPollWithinMs);
}

/** Activities without which the table stays fresh: those that verify it, and the one that changes its columns. */
export const checkKinds: Record<string, string> = {
  sweep: 'its Ids have not been compared',
  counts: 'its counts have not been compared',
  content: 'its content has not been compared',
  'deleted log': 'its deleted log has not been read',
  schema: 'a change of its fields has waited',
};

/** The first try that fails says little: the next one often succeeds. */
const triesThatTell = 2;

export interface ObjectSurroundings {
  isPaused: boolean;
  /** How long ago it may have been read. */
  targetMs: number;
  now: number;
}

/** An object with what follows from it and its sync. */
export interface SeenObject extends ObjectStatus {
  seenState: ObjectState;
  /** While it is copied; null: not known yet. */
  rowsPerMinute: number | null;
}

/** The first that holds. */
export function objectStateOf(
  object: ObjectStatus,
  { isPaused, targetMs, now }: ObjectSurroundings,
): ObjectState {
  const { state, stop_code: stopCode, missing_rows: missing, problems, hidden_fields: hidden } = object;
  if (state === 'stopped' || stopCode !== null) return 'stopped';
  if (missing > 0) return 'rows_missing';
  if (isPaused) return 'paused';
  if (state === 'queued' || state === 'backfilling') return state;
  const isFailing = problems.some(({ kind, tries }) => !(kind in checkKinds) && tries >= triesThatTell);
  if (isFailing || isOverdue(object, now, targetMs)) return 'behind';
  const isChanging =
    problems.some(({ kind }) => kind === 'schema') || hidden.some((field) => field.is_filling);
  if (isChanging) return 'columns';
  return object.set_aside_rows > 0 || hidden.length > 0 ? 'limited' : 'current';
}
