/** `sync reauth`: replaces the credential of a sync, which goes on where it is. */
import { orgCheckSchema } from '../../contract/org-check.ts';
import { syncSchema } from '../../contract/syncs.ts';
import type { ApiClient } from '../api-client.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { orgUrl } from '../terminal/org-url.ts';
import { credentialFlags, credentialFrom, credentialMembers } from './credential-flags.ts';

const help = 'lockstep help sync reauth';

export const syncReauth: Command = {
  flags: {
    sync: syncFlag,
    ...credentialFlags,
    org: { value: 'URL', description: 'Where to sign in, if it is another address than before.' },
    'dry-run': { description: 'Only try the credential.' },
  },
  async run(args, context) {
    const { output } = context;
    const members = credentialMembers(args, help);
    const org = args.text('org');
    const given = org === undefined ? undefined : orgUrl(org, help);
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const loginUrl = given ?? sync.login_url;
    const credential = await credentialFrom(members, context, api, { loginUrl, help });
    const isDryRun = args.isSet('dry-run');
    const path = `${pathOf(sync.id)}/credential${isDryRun ? '?dry_run=true' : ''}`;
    const { name, flow, org_id } = await api.put(path, { login_url: loginUrl, credential }, syncSchema);
    if (isDryRun) {
      if (output.wantsJson) output.object({ schema: 1, name, flow, org_id, replaced: false });
      else output.say(`Salesforce accepts it, for org ${org_id}. Nothing was replaced.`);
      return;
    }
    const checks = await unmetChecks(api, pathOf(sync.id));
    if (output.wantsJson) output.object({ schema: 1, name, flow, org_id, replaced: true, checks });
    else output.say(`${name} signs in with it from now on (${flow}) and goes on where it was.`);
    for (const { state, name: check, says, next } of checks ?? [])
      output.say(`${state}, ${check}: ${says}\nnext: ${next}`);
  },
};

/** Another user may see less than the former one. Null: the org could not be looked at. */
async function unmetChecks(api: ApiClient, path: string) {
  const org = await api.get(`${path}/org-check`, orgCheckSchema).catch(() => null);
  return org && org.checks.filter(({ state }) => state !== 'passed');
}
