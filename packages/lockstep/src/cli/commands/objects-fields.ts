/** `objects fields`: the fields of an object, and which of them a sync mirrors. */
import { orgFieldsSchema } from '../../contract/org-objects.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';

export const objectsFields: Command = {
  positionals: { shown: 'OBJECT', min: 1, max: 1 },
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const [object = ''] = args.words;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const path = `${pathOf(id)}/org-objects/${encodeURIComponent(object)}/fields`;
    const { sobject, fields } = await api.get(path, orgFieldsSchema);
    if (output.wantsJson) return output.object({ schema: 1, name, sobject, items: fields });
    const rows = fields.map(({ field, label, type, column_type: column, state, note }) => [
      field,
      label,
      type,
      column ?? '–',
      state === 'mirrored' ? (note ?? '') : [state, note].filter((part) => part !== null).join(': '),
    ]);
    output.data(table(['FIELD', 'LABEL', 'TYPE', 'COLUMN', 'NOTE'], rows, new Set()));
    output.say('To leave fields out: lockstep sync set --leave-out');
  },
};
