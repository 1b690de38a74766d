/** Everything that the demo runs: a server, a simulated org, and a sync between the two. */

import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import type { Config } from '../../config.ts';
import {
  type Control,
  findSync,
  moveLoginUrl,
  moveOrg,
  openCredential,
  openReaderUrl,
  readSync,
  type Sync,
} from '../../control/index.ts';
import { formatCount } from '../../core/plain-words.ts';
import { RequestError } from '../../core/request-error.ts';
import { createSync } from '../../operations/create-sync.ts';
import { pageUrl } from '../../operations/first-administrator.ts';
import {
  findKeyFor,
  openControlFor,
  openServerBase,
  type ServerBase,
  startServer,
} from '../../server/index.ts';
import { type Output } from '../terminal/output.ts';
import { type OrgProgram, startOrg } from './org-program.ts';

export interface DemoOptions {
  config: Config;
  records: number;
  activityPerSecond: number;
  seed: number;
  /** The port of the org's control API. */
  controlPort: number;
  output: Output;
  stop: AbortSignal;
}

export interface Demo extends AsyncDisposable {
  sync: Sync;
  org: OrgProgram;
  /** The address of the mirror for its reader role, with the password. */
  mirrorUrl: string;
  /** `http://127.0.0.1:8401/s…` */
  base: string;
  /** `http://localhost:8400` */
  consoleUrl: string;
  /** Says where the console is, with a link that signs in. */
  greeting: string;
  /** Access token of the org's demo user. */
  token: string;
  /** Aborts when the user interrupts the demo, or when a part of it fails: then the reason is that part's error. */
  ended: AbortSignal;
}

export const demoName = 'demo';
/** Of the demo's own requests. */
const apiVersion = '62.0';
const demoObjects = [
  'Account',
  'Contact',
  'Lead',
  'Opportunity',
  'User',
  'Product2',
  'Invoice__c',
  'Invoice_Line__c',
];
/** Two requests a second: a simulated org has no other users. */
const intervalMs = 500;

/** Continues where an earlier run on the same data directory stopped. */
export async function openDemo(options: DemoOptions): Promise<Demo> {
  const { config, output, stop } = options;
  await using undo = new AsyncDisposableStack();
  const base = undo.use(await openServerBase(config, (line) => output.say(line)));
  stop.throwIfAborted();
  const { control, org } = await openBoth(base, options, undo);
  const allowHosts = [...config.allowHosts, new URL(org.url).host];
  const sync = await ensureSync(control, org, allowHosts, options);
  const server = undo.use(
    await startServer(base, control, { allowHosts, org, isSeen: process.stderr.isTTY }),
  );
  const token = await signIn(org, stop);
  const mirrorUrl = await openReaderUrl(control, sync);
  const broken = new AbortController();
  server.failed.catch((error: unknown) => broken.abort(error));
  void org.ended.then(() =>
    broken.abort(
      new RequestError('The simulated org has ended', {
        kind: 'unexpected',
        next: 'See the lines above, then start it again: npm run demo',
      }),
    ),
  );
  const ends = undo.move();
  return {
    sync,
    org,
    mirrorUrl,
    token,
    base: `${server.proxyUrl}/${sync.id}`,
    consoleUrl: pageUrl(server.apiUrl),
    greeting: server.greeting,
    ended: AbortSignal.any([stop, broken.signal]),
    [Symbol.asyncDispose]: () => ends.disposeAsync(),
  };
}

/** Opens the control database while the org starts, because making the org's records takes the longest. */
async function openBoth(
  base: ServerBase,
  { config, output, stop, ...choices }: DemoOptions,
  undo: AsyncDisposableStack,
): Promise<{ control: Control; org: OrgProgram }> {
  const { server, say } = base;
  const key = await findKeyFor(base);
  const onSeeded = (seeded: number, of: number) =>
    output.show([`Making the org: ${formatCount(seeded)} of ${formatCount(of)} records`]);
  const startingOrg = startOrg({
    ...choices,
    server,
    dataDir: config.dataDir,
    port: config.orgPort,
    say,
    onSeeded,
    stop,
  });
  const [control, org] = await Promise.allSettled([openControlFor(base, key), startingOrg]);
  output.show([]);
  if (control.status === 'fulfilled') undo.defer(() => control.value.end());
  if (org.status === 'fulfilled') undo.use(org.value);
  if (control.status === 'rejected') throw control.reason;
  if (org.status === 'rejected') throw org.reason;
  const { records, orgId, url, controlUrl } = org.value;
  say(`A simulated Salesforce org with ${formatCount(records)} records: ${orgId}, ${url}`);
  say(`To control its time and faults: ${controlUrl} (docs/simulator.md)`);
  if (records !== choices.records)
    say('It keeps the records that an earlier run made; --fresh makes new ones.');
  return { control: control.value, org: org.value };
}

/** The sync of an earlier run, with its org's current address; or a new one. */
async function ensureSync(
  control: Control,
  org: OrgProgram,
  allowHosts: readonly string[],
  { output, stop }: DemoOptions,
): Promise<Sync> {
  const { clientId, clientSecret } = org.credentials.integration;
  const known = await findSync(control, demoName);
  if (known) {
    const credential = await openCredential(control, known.id);
    if (known.orgId !== org.orgId || credential.clientId !== clientId) {
      throw new RequestError(
        'The sync of an earlier demo belongs to another org than the one in the data directory',
        {
          kind: 'unexpected',
          next: 'npm run demo -- --fresh',
        },
      );
    }
    await moveLoginUrl(control, known.id, org.url);
    await moveOrg(control, { orgId: known.orgId, instanceUrl: org.url });
    output.say(
      `Continuing with the sync of the last run${known.paused ? `, which is paused. To resume it: lockstep sync resume --sync ${demoName}` : '.'}`,
    );
    return { ...known, loginUrl: org.url, instanceUrl: org.url };
  }
  output.say(
    'Creating a sync of eight objects, at two requests a second, each of up to five pages of 2,000 records\n' +
      '(for a real org the default is one request in 3 s).',
  );
  const credential = { flow: 'client credentials' as const, clientId, clientSecret };
  const given = () => Promise.resolve({ loginUrl: org.url, credential, signIn: null });
  const options = { name: demoName, given, sobjects: demoObjects };
  const deps = { control, clock: systemClock, log: control.log };
  const id = await createSync(deps, { ...options, intervalMs, apiVersion: 'newest', allowHosts }, stop);
  const sync = await readSync(control, id);
  assert(sync, 'a sync that was created is there');
  return sync;
}

/** Counts records through the org's API. `queryAll` includes the recycle bin. */
export async function countInOrg(
  { org, token }: Demo,
  { path, soql, signal }: { path: 'query' | 'queryAll'; soql: string; signal: AbortSignal },
): Promise<number> {
  const query = new URLSearchParams({ q: soql });
  const answer = await fetch(`${org.url}/services/data/v${apiVersion}/${path}?${query.toString()}`, {
    headers: { authorization: `Bearer ${token}` },
    signal,
  });
  const { totalSize } = (await answer.json()) as { totalSize?: unknown };
  assert(typeof totalSize === 'number', 'the simulated org counts its records');
  return totalSize;
}

/** An access token of the demo user, by the password grant. */
async function signIn({ url, credentials: { demo } }: OrgProgram, signal: AbortSignal): Promise<string> {
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: demo.clientId,
    client_secret: demo.clientSecret,
    username: demo.username,
    password: demo.password,
  });
  const answer = await fetch(`${url}/services/oauth2/token`, { method: 'POST', body: form, signal });
  const { access_token: token } = (await answer.json()) as { access_token?: unknown };
  assert(typeof token === 'string', 'the simulated org signs its own user in');
  return token;
}
