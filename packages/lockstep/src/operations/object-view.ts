import { noValueBecause } from '../core/field-notes.ts';
import { clockTime, inRfc3339 } from '../core/plain-words.ts';
import { isReading, objectStates } from '../core/states.ts';
import { secondsLeft, timeLeftWords } from './backfill-rates.ts';
import { readAgeMs, type SeenObject } from './object-state.ts';
import { stopReasonOf } from './read-objects.ts';
import type { SyncStatus } from './sync-status.ts';

/** An object's status as programs get it, with times in RFC 3339. */
export function objectView(
  object: SeenObject,
  seen: Pick<SyncStatus, 'state' | 'health' | 'targetMs' | 'now'>,
) {
  const { stop_code: _, stop_reason: __, seenState: state, rowsPerMinute: ___, ...facts } = object;
  const ageMs = readAgeMs(object, seen.now);
  return {
    ...facts,
    state,
    state_word: objectStates[state].word,
    family: objectStates[state].family,
    behind_seconds: ageMs === null ? null : Math.floor(ageMs / 1_000),
    target_seconds: Math.ceil(seen.targetMs / 1_000),
    backfill: object.state === 'backfilling' ? backfillView(object, seen) : null,
    read_until: inRfc3339(object.read_until),
    settled_until: inRfc3339(object.settled_until),
    counts_verified_at: inRfc3339(object.counts_verified_at),
    stamps_verified_at: inRfc3339(object.stamps_verified_at),
    content_verified_at: inRfc3339(object.content_verified_at),
    stopped: stopReasonOf(object),
    problems: object.problems.map(({ kind, code, explanation, next, since, tries, retry_at: retryAt }) => ({
      kind,
      code,
      says: explanation,
      next,
      since: inRfc3339(since),
      tries,
      retry_at: inRfc3339(retryAt),
    })),
    hidden_fields: object.hidden_fields.map(({ field, column_name, hidden_since: since, is_filling }) => ({
      field,
      column_name,
      since: inRfc3339(since),
      is_filling,
    })),
    fields_without_value: object.fields_without_value.map(({ field, field_type: type, column_name }) => ({
      field,
      type,
      column_name,
      note: noValueBecause(type) ?? '',
    })),
  };
}

/** How fast it is copied, and when that ends, in words if it cannot be told. */
function backfillView(
  { rows, rows_expected: expected, rowsPerMinute }: SeenObject,
  { state, health, now }: Pick<SyncStatus, 'state' | 'health' | 'now'>,
) {
  const left = isReading(state) ? secondsLeft(rows, expected, rowsPerMinute) : null;
  const waits =
    state === 'quota_wait' && health.fault
      ? `Waiting for quota until ${clockTime(health.fault.retryAt, now)}`
      : 'Waiting';
  const unknown = expected === null ? 'Counting' : 'Measuring';
  return {
    rows_per_minute: isReading(state) ? rowsPerMinute : null,
    seconds_left: left,
    time_left: left !== null ? `about ${timeLeftWords(left)}` : isReading(state) ? unknown : waits,
  };
}
