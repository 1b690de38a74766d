/** `sync create`: collects the options, asks for the secret if it was not given, and checks all before it signs in. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import { type Control, findSync, readSync } from '../../control/index.ts';
import { givenName } from '../../core/given-names.ts';
import { isSyncId } from '../../core/ids.ts';
import { interruption, usageError } from '../../core/request-error.ts';
import { createSync, newSyncApiVersion } from '../../operations/create-sync.ts';
import type { Arguments, Command } from '../arguments.ts';
import { noLog, withControl } from '../running.ts';
import { intervalOf } from '../terminal/interval.ts';
import { addressesOf, showAddresses } from './sync-addresses.ts';

const help = 'lockstep help sync create';

export const syncCreate: Command = {
  flags: {
    org: { value: 'URL', description: "The org's My Domain address." },
    'client-id': { value: 'ID', description: 'Consumer key of an app with the client credentials flow.' },
    'client-id-file': { value: 'FILE', description: 'A file with the consumer key instead.' },
    'client-secret-file': {
      value: 'FILE',
      description: 'A file with its secret; - for standard input. Without this flag you are asked.',
    },
    objects: { value: 'A,B', description: 'API names of the objects to mirror.' },
    every: { value: 'TIME', description: 'Time between two requests, 0.2s to 300s (default 3s).' },
    name: { value: 'NAME', description: "Name of the sync (default: from the org's address)." },
  },
  async run(args, { config, output, stop }) {
    const loginUrl = orgUrl(required(args, 'org'));
    const sobjects = objectsOf(required(args, 'objects'));
    const intervalMs = intervalOf(args.text('every') ?? '3s', help);
    const name = checkedName(args.text('name')?.trim() ?? nameOf(loginUrl));
    const clientId =
      args.text('client-id') ?? (await readSecret(required(args, 'client-id-file', 'client-id')));
    await withControl(config, async (control) => {
      await refuseTakenName(control, name);
      const clientSecret = await clientSecretOf(args.text('client-secret-file'));
      const say = (step: string) => output.say(step);
      const deps = { control, clock: systemClock, log: noLog, say };
      const { allowHosts } = config;
      const options = {
        name,
        loginUrl,
        clientId,
        clientSecret,
        sobjects,
        intervalMs,
        apiVersion: newSyncApiVersion,
        allowHosts,
      };
      const id = await createSync(deps, options, stop);
      const sync = await readSync(control, id);
      assert(sync, 'a sync that was created is there');
      showAddresses(await addressesOf(config, control, sync), output);
    });
  },
};

function required(args: Arguments, flag: string, shown = flag): string {
  const value = args.text(flag);
  if (value === undefined || value.trim() === '') throw usageError(`sync create needs --${shown}`, help);
  return value;
}

function orgUrl(text: string): string {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (!url || !/^https?:$/.test(url.protocol))
    throw usageError('--org takes an address such as https://acme.my.salesforce.com', help);
  return url.origin;
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

async function refuseTakenName(control: Control, name: string): Promise<void> {
  if (await findSync(control, name))
    throw usageError(`A sync named ${JSON.stringify(name)} already exists`, 'Choose another --name.');
}

/** `acme` for https://acme.my.salesforce.com. */
function nameOf(url: string): string {
  const { hostname } = new URL(url);
  if (hostname.startsWith('[')) return hostname.slice(1, -1).replaceAll(/:+/g, '-').replace(/^-/, '');
  return /^[\d.]+$/.test(hostname) ? hostname : (hostname.split('.')[0] ?? hostname);
}

async function clientSecretOf(file: string | undefined): Promise<string> {
  if (file === '-') return (await readAll(process.stdin)).trim();
  if (file !== undefined) return readSecret(file);
  if (process.stdin.isTTY && process.stderr.isTTY) return askSecret('Consumer secret: ');
  throw usageError('Without a terminal to ask on, sync create needs --client-secret-file', help);
}

async function readSecret(file: string): Promise<string> {
  const secret = await readFile(file, 'utf8').catch((error: { code?: unknown }) => {
    throw usageError(`The file ${file} cannot be read (${String(error.code)})`, help);
  });
  if (secret.trim() === '') throw usageError(`The file ${file} is empty`, help);
  return secret.trim();
}

/**
 * Does not echo what is typed.
 * @throws an interruption, which ends the command quietly, after Ctrl-C and Ctrl-D
 */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const ended = once(reader, 'close').then(() => undefined);
  try {
    const answer = await Promise.race([reader.question('').catch(() => undefined), ended]);
    if (answer === undefined) throw interruption();
    return answer.trim();
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
