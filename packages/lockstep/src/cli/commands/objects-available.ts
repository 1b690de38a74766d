/** `objects available`: what the org has that a sync could mirror. */
import { type OrgObject, orgObjectSchema } from '../../contract/org-objects.ts';
import { counted, formatCount } from '../../core/plain-words.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

export const objectsAvailable: Command = {
  flags: {
    sync: syncFlag,
    search: { value: 'TEXT', description: 'Only objects whose label or API name contains it.' },
    only: {
      value: 'recommended|standard|custom|possible|not possible|chosen',
      description: 'Only these.',
    },
    details: {
      description: 'Also how the mirror learns of changes: one request to Salesforce per 25 objects.',
    },
  },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const query = new URLSearchParams({ details: String(args.isSet('details')) });
    for (const flag of ['search', 'only']) {
      const value = args.text(flag);
      if (value !== undefined) query.set(flag, value);
    }
    const { items } = await api.list(`${pathOf(sync.id)}/org-objects?${query.toString()}`, orgObjectSchema);
    if (output.wantsJson) {
      output.object({ schema: 1, name: sync.name, items });
      return;
    }
    if (items.length === 0) return output.say('The org has no such object that the sync’s user can see.');
    const rows = items.map((object) => [
      object.sobject,
      object.label,
      object.records === null ? '–' : formatCount(object.records),
      object.freshness ?? '–',
      noteOf(object),
    ]);
    output.data(table(['OBJECT', 'LABEL', 'RECORDS', 'CHANGES', 'NOTE'], rows, new Set([2])));
    output.say('To mirror one more: lockstep help objects add');
  },
};

function noteOf({ is_chosen, is_recommended, unreadable, note, pass_requests: cost }: OrgObject): string {
  if (is_chosen) return 'is mirrored';
  if (unreadable !== null) return `cannot be mirrored: ${unreadable}`;
  const pass = cost === null ? '' : ` (${counted(cost, 'request')} each time)`;
  return note === null ? (is_recommended ? 'recommended' : '') : `${note}${pass}`;
}
