/** `sync create`: collects the options, asks for the secret if it was not given, and lets the server create the sync. */
import { randomUUID } from 'node:crypto';
import { systemClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import type { z } from 'zod';
import { readerOnceSchema } from '../../contract/mirrors.ts';
import { orgCheckSchema } from '../../contract/org-check.ts';
import { checkedSyncSchema, type newSyncSchema, type SyncView, syncSchema } from '../../contract/syncs.ts';
import { givenName } from '../../core/given-names.ts';
import { isSyncId } from '../../core/ids.ts';
import { counted } from '../../core/plain-words.ts';
import { RequestError, usageError } from '../../core/request-error.ts';
import type { ApiClient } from '../api-client.ts';
import type { Arguments, Command } from '../arguments.ts';
import { pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { intervalOf } from '../terminal/interval.ts';
import { orgLines } from '../terminal/org-lines.ts';
import { orgUrl } from '../terminal/org-url.ts';
import type { Output } from '../terminal/output.ts';
import { patternsOf } from '../terminal/patterns.ts';
import { placeLines } from '../terminal/place-lines.ts';
import { plannedTable } from '../terminal/planned-table.ts';
import { psqlLine } from '../terminal/psql-line.ts';
import { credentialFlags, credentialOf, flowOf } from './credential-flags.ts';
import { destinationFlags, destinationOf } from './destination-flags.ts';

type NewSync = z.input<typeof newSyncSchema>;

const help = 'lockstep help sync create';
/** The reader that is made with a sync. */
const firstReader = 'main';
/** Of a request that was not answered, or is still under way. */
const repetitions = 5;

export const syncCreate: Command = {
  flags: {
    org: {
      value: 'URL',
      description:
        "The org's My Domain address; with another flow than client-credentials also login.salesforce.com, or test.salesforce.com for a sandbox.",
    },
    ...credentialFlags,
    objects: { value: 'A,B', description: 'API names of the objects to mirror.' },
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
    const login_url = orgUrl(required(args, 'org'), help);
    const objects = objectsOf(required(args, 'objects'));
    const interval_ms = intervalOf(args.text('every') ?? '3s', help);
    const name = checkedName(args.text('name')?.trim() ?? nameOf(login_url));
    flowOf(args, help);
    const destination = args.isSet('database-url-file')
      ? await destinationOf(args, 'database-url-file', help)
      : undefined;
    const api = await findApi(context);
    await refuseTakenName(api, name);
    const credential = await credentialOf(args, context, api, { loginUrl: login_url, help });
    const sync: NewSync = {
      name,
      login_url,
      credential,
      objects,
      interval_ms,
      ...(destination && { destination }),
      fields_left_out: patternsOf(args.text('leave-out') ?? 'none'),
    };
    await checkOrg(api, { login_url, credential }, output);
    if (args.isSet('dry-run')) return dryRun(api, sync, output);
    output.say(`Testing ${counted(objects.length, 'object')}, then making the mirror.`);
    const created = await create(api, sync);
    if (destination) return show(created, created.mirror.url, output);
    const reader = await api.post(`${pathOf(created.id)}/readers`, { name: firstReader }, readerOnceSchema);
    show(created, reader.mirror_url, output);
  },
};

/** Says which org it is and which rights are missing, before anything is made. */
async function checkOrg(
  api: ApiClient,
  connection: { login_url: string; credential: NewSync['credential'] },
  output: Output,
): Promise<void> {
  output.say(`Testing the sign-in at ${connection.login_url}.`);
  const org = await api.post('/org-checks', connection, orgCheckSchema);
  for (const line of orgLines(org)) output.say(line);
  const ill = org.checks.find(({ state }) => state === 'must fix');
  if (ill) throw new RequestError(ill.says, { kind: 'Salesforce refused', next: ill.next });
}

async function dryRun(api: ApiClient, sync: NewSync, output: Output): Promise<void> {
  const checked = await api.post('/syncs?dry_run=true', sync, checkedSyncSchema);
  if (output.wantsJson) return output.object({ schema: 1, name: sync.name, ...checked });
  output.data(`${sync.name}: org ${checked.org_id}, ${checked.instance_url}. Nothing was made.`);
  output.data(plannedTable(checked.objects));
}

/** If it is not known whether the request arrived, it is repeated under the same key: it is done once. */
async function create(api: ApiClient, sync: NewSync): Promise<SyncView> {
  const headers = { 'idempotency-key': randomUUID() };
  for (let tries = 0; ; tries++) {
    try {
      return await api.post('/syncs', sync, syncSchema, headers);
    } catch (error) {
      const { code, label } = error as { code?: unknown; label?: unknown };
      if (tries === repetitions || (code !== 'SYS-20' && label !== 'API-07')) throw error;
    }
    await systemClock.sleep(1_000 * 2 ** tries);
  }
}

function show(sync: SyncView, mirrorUrl: string, output: Output): void {
  if (output.wantsJson) return output.object({ schema: 1, ...sync, mirror_url: mirrorUrl });
  const lines = [
    ...placeLines(sync),
    'The mirror, read only:',
    `  ${psqlLine(mirrorUrl)}`,
    'Its progress:',
    `  lockstep status --sync ${shellWord(sync.name)}`,
  ];
  for (const line of lines) output.data(output.pasteable(line));
  if (sync.mirror.kind === 'own')
    return output.say('Read it with the login of the second line of your file, or with logins of your own.');
  output.say('The line for psql holds a password: store it now, it is not shown again.');
}

function required(args: Arguments, flag: string): string {
  const value = args.text(flag);
  if (value === undefined || value.trim() === '') throw usageError(`sync create needs --${flag}`, help);
  return value;
}

function objectsOf(list: string): string[] {
  const names = list.split(',').map((name) => name.trim());
  const sobjects = names.filter((name) => name !== '');
  if (sobjects.length === 0) throw usageError('sync create needs --objects', help);
  return sobjects;
}

/** A name must be easy to type in commands and show in tables, and must not look like an id. */
function checkedName(name: string): string {
  if (givenName.test(name) && !isSyncId(name)) return name;
  throw usageError(
    '--name takes up to 60 letters, digits, spaces and . _ -, begins with a letter or digit, and is no id',
    help,
  );
}

/** Before anybody is asked for a secret. */
async function refuseTakenName(api: ApiClient, name: string): Promise<void> {
  const { items } = await api.list('/syncs', syncSchema);
  if (items.some((sync) => sync.name === name))
    throw usageError(`A sync named ${JSON.stringify(name)} already exists`, 'Choose another --name.');
}

/** `acme` for https://acme.my.salesforce.com. */
function nameOf(url: string): string {
  const { hostname } = new URL(url);
  if (hostname.startsWith('[')) return hostname.slice(1, -1).replaceAll(/:+/g, '-').replace(/^-/, '');
  return /^[\d.]+$/.test(hostname) ? hostname : (hostname.split('.')[0] ?? hostname);
}
