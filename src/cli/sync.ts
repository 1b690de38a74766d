/** `sync create`, `list`, `pause` and `resume`. */
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { type Control, listSyncs, parseInterval, readSync, setPaused } from '../control/index.ts';
import { createSync } from '../engine/index.ts';
import { systemClock } from '../lib/clock.ts';
import type { Arguments, Command } from './arguments.ts';
import { usageError } from './failure.ts';
import { table } from './output.ts';
import { chooseSync, noLog, withControl } from './running.ts';

/** The Salesforce API version that a new sync speaks. */
export const apiVersion = '62.0';

const help = 'lockstep help sync create';

export const syncCreate: Command = {
  name: 'sync create',
  summary:
    'Makes a sync: tests everything, then makes its database and tables. A running server begins to read at once.',
  flags: {
    org: { value: 'URL', says: "The org's My Domain address." },
    'client-id': { value: 'ID', says: 'Consumer key of an app with the client credentials flow.' },
    'client-id-file': { value: 'FILE', says: 'The same from a file.' },
    'client-secret-file': {
      value: 'FILE',
      says: 'Its secret; - for standard input. Without it you are asked.',
    },
    objects: { value: 'A,B', says: 'API names of the objects to mirror.' },
    every: { value: 'TIME', says: 'Time between two requests, 0.2s to 300s (default 3s).' },
    name: { value: 'NAME', says: "What you call it (default: from the org's address)." },
  },
  async run(args, { config, output, stop }) {
    const loginUrl = orgUrl(required(args, 'org'));
    const sobjects = required(args, 'objects').split(',');
    const intervalMs = parseInterval(args.text('every') ?? '3s');
    const name = args.text('name') ?? nameOf(loginUrl);
    const clientId =
      args.text('client-id') ?? (await readSecret(required(args, 'client-id-file', 'client-id')));
    const clientSecret = await clientSecretOf(args.text('client-secret-file'));
    await withControl(config, async (control) => {
      const say = (step: string) => output.say(step);
      const deps = { control, clock: systemClock, log: noLog, say };
      const { allowHosts } = config;
      const wish = { name, loginUrl, clientId, clientSecret, sobjects, intervalMs, apiVersion, allowHosts };
      const id = await createSync(deps, wish, stop);
      if (output.wantsJson) output.object({ schema: 1, id, name });
      else output.data(`${name}  ${id}`);
    });
  },
};

export const syncList: Command = {
  name: 'sync list',
  summary: 'All syncs.',
  async run(_, { config, output }) {
    const syncs = await withControl(config, listSyncs);
    if (output.wantsJson) {
      const items = syncs.map(({ id, name, orgId, instanceUrl, sobjects, intervalMs, paused }) => ({
        id,
        name,
        org_id: orgId,
        instance_url: instanceUrl,
        objects: sobjects,
        interval_ms: intervalMs,
        paused,
      }));
      output.object({ schema: 1, items });
      return;
    }
    const rows = syncs.map((sync) => [
      sync.name,
      sync.id,
      sync.instanceUrl,
      sync.paused ? 'Paused' : 'Running',
      `${sync.intervalMs / 1000} s`,
      sync.sobjects.join(', '),
    ]);
    if (rows.length === 0) output.say('No sync yet. Make one: lockstep help sync create');
    else output.data(table(['NAME', 'ID', 'ORG', 'STATE', 'EVERY', 'OBJECTS'], rows, new Set()));
  },
};

export const syncPause: Command = {
  name: 'sync pause',
  summary: 'Stops reading. The mirror stays as it is, and the proxy goes on.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const name = await pause(control, args.words[0], true);
      if (output.wantsJson) output.object({ schema: 1, name, paused: true });
      else output.say(`${name} is paused. Go on: lockstep sync resume ${name}`);
    }),
};

export const syncResume: Command = {
  name: 'sync resume',
  summary: 'Goes on reading where a pause ended it.',
  words: { shown: '[SYNC]', min: 0, max: 1 },
  run: (args, { config, output }) =>
    withControl(config, async (control) => {
      const name = await pause(control, args.words[0], false);
      if (output.wantsJson) output.object({ schema: 1, name, paused: false });
      else output.say(`${name} goes on.`);
    }),
};

async function pause(control: Control, nameOrId: string | undefined, paused: boolean): Promise<string> {
  const { id } = await chooseSync(control, nameOrId);
  await setPaused(control, id, paused);
  return (await readSync(control, id))?.name ?? id;
}

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

/** `acme` for https://acme.my.salesforce.com. */
function nameOf(url: string): string {
  const { hostname } = new URL(url);
  return /^[\d.]+$|^\[/.test(hostname) ? hostname : (hostname.split('.')[0] ?? hostname);
}

async function clientSecretOf(file: string | undefined): Promise<string> {
  if (file === '-') return (await readAll(process.stdin)).trim();
  if (file !== undefined) return readSecret(file);
  if (process.stdin.isTTY && process.stderr.isTTY) return askSecret('Consumer secret: ');
  throw usageError('sync create needs --client-secret-file where there is no terminal to ask on', help);
}

async function readSecret(file: string): Promise<string> {
  const secret = await readFile(file, 'utf8').catch((error: { code?: unknown }) => {
    throw usageError(`The file ${file} cannot be read (${String(error.code)})`, help);
  });
  if (secret.trim() === '') throw usageError(`The file ${file} is empty`, help);
  return secret.trim();
}

/** Shows nothing of what is typed. */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  try {
    return (await reader.question('')).trim();
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
