/** `sync create`: takes a file and flags, asks for the secret if it was not given, and lets the server create the sync. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { z } from 'zod';
import { readerOnceSchema } from '../../contract/mirrors.ts';
import { orgCheckSchema } from '../../contract/org-check.ts';
import { recommendedObjects } from '../../contract/org-objects.ts';
import { checkedSyncSchema, newSyncSchema, type SyncView, syncSchema } from '../../contract/syncs.ts';
import { counted } from '../../core/plain-words.ts';
import { RequestError, usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import type { Arguments, Command } from '../arguments.ts';
import { pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { checked, type Members, membersSchema, readMembersFile, withSecrets } from '../given-members.ts';
import { intervalOf } from '../terminal/interval.ts';
import { orgLines } from '../terminal/org-lines.ts';
import { orgUrl } from '../terminal/org-url.ts';
import type { Output } from '../terminal/output.ts';
import { patternsOf } from '../terminal/patterns.ts';
import { placeLines } from '../terminal/place-lines.ts';
import { plannedTable } from '../terminal/planned-table.ts';
import { psqlLine } from '../terminal/psql-line.ts';
import { withProgress } from '../terminal/request-progress.ts';
import { credentialFlags, credentialFrom, credentialMembers, withoutAsking } from './credential-flags.ts';
import { destinationFlags, destinationFrom, destinationMembers } from './destination-flags.ts';

type NewSync = z.input<typeof newSyncSchema>;

const help = 'lockstep help sync create';
/** The reader that is made with a sync. */
const firstReader = 'main';
/** Of a request that was not answered, or is still under way. */
const repetitions = 5;

export const syncCreate: Command = {
  flags: {
    file: {
      value: 'FILE',
      short: 'f',
      description:
        'A JSON file with what POST /syncs takes, its secrets named by file (client_secret_file); flags win over it. See docs/connect.md.',
    },
    org: {
      value: 'URL',
      description:
        "The org's My Domain address; with another flow than client-credentials also login.salesforce.com, or test.salesforce.com for a sandbox.",
    },
    ...credentialFlags,
    objects: {
      value: 'A,B',
      description: `API names of the objects to mirror (default: those of ${recommendedObjects.join(', ')} that the user can read).`,
    },
    'leave-out': {
      value: 'PATTERNS',
      description: 'Fields that are not mirrored: Account.Description,*.Secret__c.',
    },
    every: { value: 'TIME', description: 'Time between two requests, 0.2s to 300s (default 3s).' },
    name: { value: 'NAME', description: "Name of the sync (default: from the org's address)." },
    ...destinationFlags('database-url-file'),
    'dry-run': { description: 'Only test everything, and say what would be made.' },
  },
  async run(args, context) {
    const { output } = context;
    const given = await givenSync(args);
    const { credential: _, ...wanted } = given.checked;
    const { name, login_url } = wanted;
    const api = await findApi(context);
    const isDryRun = args.isSet('dry-run');
    if (!isDryRun) await refuseTakenName(api, name);
    const credential = await credentialFrom(given.credential, context, api, { loginUrl: login_url, help });
    const sync = { ...wanted, credential };
    if (isDryRun) return dryRun(api, sync, output);
    await checkOrg(api, { login_url, credential }, output);
    const objects = sync.objects ?? (await recommended(api, sync, output));
    output.say(`Testing ${counted(objects.length, 'object')}, then making the mirror.`);
    const created = await create(api, { ...sync, objects }, output);
    if (sync.destination) return show(created, created.mirror.url, output);
    const reader = await api.post(`${pathOf(created.id)}/readers`, { name: firstReader }, readerOnceSchema);
    show(created, reader.mirror_url, output);
  },
};

const fileSchema = z.looseObject({
  credential: membersSchema.optional(),
  destination: membersSchema.optional(),
});

/** What the file and the flags say, checked before anybody is asked for a secret and before a server is contacted. */
async function givenSync(args: Arguments) {
  const path = args.text('file');
  const says =
    path === undefined ? 'The sync cannot be created as it is given' : `The file ${path} cannot be used`;
  const file =
    path === undefined ? undefined : checked(fileSchema, await readMembersFile(path, help), { says, help });
  const members: Members = { ...file, ...settingsOf(args) };
  const { login_url: loginUrl, name = nameOf(loginUrl) } = members;
  if (loginUrl === undefined) throw usageError('sync create needs --org, or login_url in its file', help);
  const flags = credentialMembers(args, help, file && (file.credential ?? {}));
  const credential = await withSecrets(flags, help);
  const destination = destinationMembers(args, 'database-url-file', file?.destination);
  const sync = {
    ...members,
    name,
    credential: withoutAsking(credential),
    ...(destination && { destination: await destinationFrom(destination, help) }),
  };
  return { credential, checked: checked(wantedSchema, sync, { says, help }) };
}

/** Here a sync always has an address: its name and the sign-in in a browser need it. */
const wantedSchema = newSyncSchema.required({ login_url: true });

function settingsOf(args: Arguments): Members {
  const [org, objects, leaveOut, every, name] = ['org', 'objects', 'leave-out', 'every', 'name'].map((flag) =>
    args.text(flag),
  );
  return {
    ...(org !== undefined && { login_url: orgUrl(org, help) }),
    ...(objects !== undefined && { objects: objectsOf(objects) }),
    ...(leaveOut !== undefined && { fields_left_out: patternsOf(leaveOut) }),
    ...(every !== undefined && { interval_ms: intervalOf(every, help) }),
    ...(name !== undefined && { name: name.trim() }),
  };
}

/** Says which org it is and which rights are missing, before anything is made. */
async function checkOrg(
  api: ApiClient,
  { login_url, credential }: Pick<NewSync, 'credential'> & { login_url: string },
  output: Output,
): Promise<void> {
  output.say(`Testing the sign-in at ${login_url}.`);
  const org = await api.post('/org-checks', { login_url, credential }, orgCheckSchema);
  for (const line of orgLines(org)) output.say(line);
  const ill = org.checks.find(({ state }) => state === 'must fix');
  if (ill) throw new RequestError(ill.says, { kind: 'Salesforce refused', next: ill.next });
}

/** Whatever keeps the org from being looked at, the dry run tells with everything else that is wrong. */
async function dryRun(api: ApiClient, sync: NewSync & { login_url: string }, output: Output): Promise<void> {
  const ill = await checkOrg(api, sync, output).then(
    () => null,
    (error: unknown) => error,
  );
  const found = await api.post('/syncs?dry_run=true', sync, checkedSyncSchema);
  if (ill !== null) throw ill;
  if (output.wantsJson) return output.object({ schema: 1, name: sync.name, ...found });
  output.data(`${sync.name}: org ${found.org_id}, ${found.instance_url}. Nothing was made.`);
  output.data(plannedTable(found.objects));
  saySkipped(found.skipped, output);
}

/** Those that are taken where none are named, and why others are not: what is said here is what is made. */
async function recommended(api: ApiClient, sync: NewSync, output: Output): Promise<string[]> {
  const { objects, skipped } = await api.post('/syncs?dry_run=true', sync, checkedSyncSchema);
  const names = objects.map(({ sobject }) => sobject);
  output.say(`No objects are named; the usual ones are taken: ${names.join(', ')}.`);
  saySkipped(skipped, output);
  return names;
}

function saySkipped(skipped: z.infer<typeof checkedSyncSchema>['skipped'], output: Output): void {
  for (const { object, reason } of skipped) output.say(`left out: ${object}, because ${reason}`);
}

/** If it is not known whether the request arrived, it is repeated under the same key: it is done once. */
async function create(api: ApiClient, sync: NewSync, output: Output): Promise<SyncView> {
  const key = randomUUID();
  const headers = { 'idempotency-key': key };
  let failures = 0;
  for (;;) {
    try {
      const creating = api.post('/syncs', sync, syncSchema, headers);
      return await withProgress({ api, output }, key, creating);
    } catch (error) {
      const { code, label } = error as { code?: unknown; label?: unknown };
      if (code !== 'SYS-20' && label !== 'API-07') throw error;
      // A first one that is still under way is no failure: nothing is lost by waiting for it.
      if (code === 'SYS-20') failures += 1;
      if (failures > repetitions) throw error;
    }
    await systemClock.sleep(1_000 * 2 ** failures);
  }
}

function show(sync: SyncView, mirrorUrl: string, output: Output): void {
  if (output.wantsJson) return output.object({ schema: 1, ...sync, mirror_url: mirrorUrl });
  const lines = [
    ...placeLines(sync),
    'The mirror, read only:',
    `  ${psqlLine(mirrorUrl)}`,
    'Its progress:',
    `  lockstep watch --sync ${shellWord(sync.name)}`,
  ];
  for (const line of lines) output.data(output.pasteable(line));
  if (sync.mirror.kind === 'own')
    return output.say('Read it with the login of the second line of your file, or with logins of your own.');
  output.say('The line for psql holds a password: store it now, it is not shown again.');
}

function objectsOf(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  const sobjects = names.filter((name) => name !== '');
  if (sobjects.length === 0) throw usageError('--objects names no object', help);
  return sobjects;
}

/** Before anybody is asked for a secret. */
async function refuseTakenName(api: ApiClient, name: string): Promise<void> {
  const { items } = await api.list('/syncs', syncSchema);
  if (items.some((sync) => sync.name === name))
    throw usageError(`A sync named ${JSON.stringify(name)} already exists`, 'Choose another --name.');
}

/** `acme` for https://acme.my.salesforce.com; undefined if it is no address. */
function nameOf(url: unknown): string | undefined {
  const { hostname } = URL.parse(String(url)) ?? {};
  if (hostname === undefined) return undefined;
  if (hostname.startsWith('[')) return hostname.slice(1, -1).replaceAll(/:+/g, '-').replace(/^-/, '');
  return /^[\d.]+$/.test(hostname) ? hostname : (hostname.split('.')[0] ?? hostname);
}
