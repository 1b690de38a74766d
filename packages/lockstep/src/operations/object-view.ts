import { noValueBecause } from '../core/field-notes.ts';
import { inRfc3339 } from '../core/plain-words.ts';
import { type Finding, objectWord } from './findings.ts';
import { type ObjectStatus, stopReasonOf } from './read-objects.ts';

/** An object's status as programs get it, with times in RFC 3339. */
export function objectView(object: ObjectStatus, findings: readonly Finding[]) {
  const { stop_code: _, stop_reason: __, ...facts } = object;
  const stopped = stopReasonOf(object);
  return {
    ...facts,
    state_word: objectWord(object, findings),
    read_until: inRfc3339(object.read_until),
    settled_until: inRfc3339(object.settled_until),
    counts_verified_at: inRfc3339(object.counts_verified_at),
    stamps_verified_at: inRfc3339(object.stamps_verified_at),
    content_verified_at: inRfc3339(object.content_verified_at),
    stopped,
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
