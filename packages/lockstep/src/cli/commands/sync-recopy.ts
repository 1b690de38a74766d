/** `sync recopy`: after a refresh of a sandbox, copies the new org into the tables of the sync. */
import { recopySchema } from '../../contract/credentials.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { confirmByName } from '../terminal/confirm.ts';
import { credentialFlags, credentialFrom, credentialMembers } from './credential-flags.ts';

const help = 'lockstep help sync recopy';

export const syncRecopy: Command = {
  flags: {
    sync: syncFlag,
    ...credentialFlags,
    yes: { description: 'Do not ask.' },
    'dry-run': { description: 'Only say which org it is, and what would be erased.' },
  },
  async run(args, context) {
    const { output, stop } = context;
    const isOwn = Object.keys(credentialFlags).every((flag) => !args.isSet(flag));
    const members = isOwn ? null : credentialMembers(args, help);
    const api = await findApi(context);
    const { id, name, login_url: loginUrl } = await chooseSync(api, args.text('sync'));
    const body = members
      ? { credential: await credentialFrom(members, context, api, { loginUrl, help }) }
      : {};
    const path = `${pathOf(id)}/recopy`;
    const found = await api.post(`${path}?dry_run=true`, body, recopySchema);
    const isDryRun = args.isSet('dry-run');
    if (!output.wantsJson) {
      output.say(`${name} was of org ${found.old_org_id}; its credential now leads to ${found.org_id}.`);
      output.say('Copying that erases');
      for (const line of found.erases) output.say(`  - ${line}`);
      output.say('and keeps');
      for (const line of found.keeps) output.say(`  - ${line}`);
      for (const { object, reason } of found.skipped)
        output.say(`The table of ${object} stays empty: ${reason}.`);
    }
    if (!isDryRun) {
      if (!args.isSet('yes')) await confirmByName(name, 'sync recopy', stop);
      await api.post(path, body, recopySchema);
    }
    if (output.wantsJson) output.object({ schema: 1, name, recopied: !isDryRun, ...found });
    else if (!isDryRun) output.say(`${name} copies org ${found.org_id} now. Its progress: lockstep status`);
  },
};
