/** `org show`: the org of a sync, and what its user may do there. */
import { orgCheckSchema } from '../../contract/org-check.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { orgLines } from '../terminal/org-lines.ts';

export const orgShow: Command = {
  flags: { sync: syncFlag },
  async run(args, context) {
    const { output } = context;
    const api = await findApi(context);
    const { id, name } = await chooseSync(api, args.text('sync'));
    const org = await api.get(`${pathOf(id)}/org-check`, orgCheckSchema);
    if (output.wantsJson) output.object({ schema: 1, sync: name, ...org });
    else for (const line of orgLines(org)) output.data(output.pasteable(line));
  },
};
