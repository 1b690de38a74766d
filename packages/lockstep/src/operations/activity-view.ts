/** What has happened to a sync, as programs get it, and as a sentence. */
import type { ActivityView } from '../contract/activity.ts';
import type { RecordedActivity } from '../control/index.ts';
import { faults } from '../core/fault-catalogue.ts';
import { isFaultCode } from '../core/faults.ts';
import { counted, inRfc3339 } from '../core/plain-words.ts';
import { doneAbout } from './schema-words.ts';

export const activityView = ({ id, at, sobject, needsPerson, ...one }: RecordedActivity): ActivityView => ({
  ...one,
  id: String(id),
  at: inRfc3339(at) ?? '',
  object: sobject,
  says: sentenceOf({ sobject, ...one }),
  done: one.kind === 'schema' ? doneAbout(one.event) : null,
  needs_person: needsPerson,
});

type Said = Pick<
  RecordedActivity,
  'kind' | 'event' | 'before' | 'sobject' | 'code' | 'detail' | 'rows' | 'who'
>;

/** Without the full stop. */
function sentenceOf(one: Said): string {
  const { code, who } = one;
  const says = `${withoutReason(one)}${who === null ? '' : ` (by ${who})`}`;
  if (code === null) return says;
  return `${says}: ${code}${isFaultCode(code) ? ` ${faults[code].title}` : ''}`;
}

function withoutReason({ kind, event, before, sobject, detail, rows }: Said): string {
  const name = sobject ?? 'The sync';
  const some = rows === null ? '' : `${counted(rows, 'row')} `;
  switch (kind) {
    case 'state':
      if (event === 'rows missing')
        return `${name}: ${some}no longer visible in Salesforce, kept until you decide`;
      return `${name} is ${event}${before === null ? '' : `, was ${before}`}`;
    case 'problem':
      if (detail === null) return `${name}: ${some}${event}`;
      return `${name}: ${detail} ${event === 'ended' ? 'works again' : 'does not work'}`;
    case 'backfill':
      return `Every object is copied${rows === null ? '' : `, ${counted(rows, 'row')}`}`;
    case 'check':
      return `${name}: a check found ${some}that ${rows === 1 ? 'was' : 'were'} ${event}, and repaired ${rows === 1 ? 'it' : 'them'}`;
    case 'schema':
      return `${name}: ${event}${detail === null ? '' : ` (${detail})`}`;
    case 'credential':
      return event === 'refused' ? 'A sign-in was refused' : 'The credential was replaced';
    case 'destination':
      return 'The mirror is reached at another address';
    case 'org':
      if (event === 'moved') return detail === null ? 'The org has moved' : `The org is at ${detail}`;
      return `The sync uses version ${detail} of the API`;
    default:
      return `${name}: ${event}`; // of a newer version
  }
}
