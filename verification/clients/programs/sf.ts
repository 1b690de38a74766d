import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { apiVersion, ends, type NamedRecord, openRound, tell, tellVersion } from './round.ts';

/**
 * The round of Salesforce's own command line, run as people run it. With a path in the base URL it gets the address and
 * the token by its environment, as docs/clients.md says; otherwise it stores them.
 */
const round = openRound();
const own: Record<string, string> = { SF_ORG_API_VERSION: apiVersion };
const sobjects = `/services/data/v${apiVersion}/sobjects`;

/** @returns what it prints on standard output, whatever its exit status is */
const run = (...args: string[]): Promise<string> =>
  new Promise((resolve, reject) => {
    execFile('sf', args, { env: { ...process.env, ...own } }, (error, stdout, stderr) => {
      if (stdout === '') reject(error ?? new Error(stderr));
      else resolve(stdout);
    });
  });

interface Printed {
  status: number;
  result: unknown;
  name?: string;
  message?: string;
}

/** The result of a command with `--json`, or the error's name and text. */
async function result<Result>(...args: string[]): Promise<Result> {
  const printed = JSON.parse(await run(...args, '--json')) as Printed;
  const { status, name, message } = printed;
  return (status === 0 ? printed.result : { name, message }) as Result;
}

const rest = async (method: string, path: string, body: object): Promise<unknown> =>
  JSON.parse(await run('api', 'request', 'rest', path, '--method', method, '--body', JSON.stringify(body)));

async function signIn(): Promise<void> {
  const [, version = ''] = /^@salesforce\/cli\/(\S+)/.exec(await run('--version')) ?? [];
  tellVersion(version);
  const form = new URLSearchParams({
    grant_type: 'password',
    client_id: round.clientId,
    client_secret: round.clientSecret,
    username: round.username,
    password: round.password + round.securityToken,
  });
  const answer = await fetch(`${round.org}/services/oauth2/token`, { method: 'POST', body: form });
  const { access_token: token } = (await answer.json()) as { access_token: string };
  if (round.isBaseHost) {
    own.SF_ACCESS_TOKEN = token;
    await run('org', 'login', 'access-token', '--instance-url', round.base, '--set-default', '--no-prompt');
  } else {
    own.SF_ORG_INSTANCE_URL = round.base;
    own.SF_TARGET_ORG = token;
  }
  const { id, connectedStatus } = await result<{ id: string; connectedStatus: string }>('org', 'display');
  tell('sign in', { id, connectedStatus });
}

async function read(): Promise<void> {
  const limits = await result<{ name: string; max: number }[]>('org', 'list', 'limits');
  tell('limits', limits.find(({ name }) => name === 'DailyApiRequests')?.max);
  type Described = { name: string; keyPrefix: string; fields: { name: string }[] };
  const { name, keyPrefix, fields } = await result<Described>('sobject', 'describe', '--sobject', 'Account');
  tell('describe', { name, keyPrefix, fields: fields.map((field) => field.name) });
  const soql = 'SELECT Id, Name FROM Contact ORDER BY Id';
  const { records } = await result<{ records: NamedRecord[] }>('data', 'query', '--query', soql);
  tell('query', ends(records));
}

const ofAccount = ['--sobject', 'Account'];

async function write(): Promise<string> {
  const values = "Name='Made by sf' NumberOfEmployees=3";
  const created = await result<{ id: string }>('data', 'create', 'record', ...ofAccount, '--values', values);
  tell('create', created);
  const which = [...ofAccount, '--record-id', created.id];
  const change = "Name='Changed by sf'";
  tell('update', await result('data', 'update', 'record', ...which, '--values', change));
  type Account = { Name: string; NumberOfEmployees: number };
  const { Name, NumberOfEmployees } = await result<Account>('data', 'get', 'record', ...which);
  tell('read', { Name, NumberOfEmployees });

  const path = `${sobjects}/Account/External_Id__c/${encodeURIComponent(round.key)}`;
  tell('upsert, new', await rest('PATCH', path, { Name: 'Upserted by sf' }));
  tell('upsert, known', await rest('PATCH', path, { Name: 'Upserted by sf', Site: 'here' }));
  const records = [{ Name: 'One' }, { Site: 'nameless' }, { Name: 'Two' }].map((fields) => ({
    attributes: { type: 'Account' },
    ...fields,
  }));
  tell('collection', await rest('POST', `/services/data/v${apiVersion}/composite/sobjects`, { records }));
  const leaf = { attributes: { type: 'Contact', referenceId: 'leaf' }, LastName: 'Leaf' };
  const tree = { attributes: { type: 'Account', referenceId: 'tree' }, Name: 'Tree of sf' };
  await writeFile('tree.json', JSON.stringify({ records: [{ ...tree, Contacts: { records: [leaf] } }] }));
  tell('tree', await result('data', 'import', 'tree', '--files', 'tree.json'));
  return created.id;
}

async function bulk(): Promise<void> {
  const wait = ['--wait', '1'];
  const rows = Array.from({ length: 5 }, (_, i) => `"Bulk by sf, ""${i}""","${round.key} ${i}"`);
  await writeFile('bulk.csv', ['Name,External_Id__c', ...rows, ''].join('\n'));
  tell('bulk insert', await result('data', 'import', 'bulk', '--file', 'bulk.csv', ...ofAccount, ...wait));
  const key = ['--external-id', 'External_Id__c'];
  const upsert = ['data', 'upsert', 'bulk', '--file', 'bulk.csv', ...ofAccount, ...key, ...wait];
  const { jobInfo } = await result<{ jobInfo: Record<string, unknown> }>(...upsert);
  tell('bulk upsert', [jobInfo.state, jobInfo.numberRecordsProcessed, jobInfo.numberRecordsFailed]);
  const soql = "SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk by sf%' ORDER BY Id";
  const into = ['--output-file', 'out.csv', '--result-format', 'csv'];
  await result('data', 'export', 'bulk', '--query', soql, ...into, ...wait);
  tell('bulk query', await readFile('out.csv', 'utf8'));
}

async function remove(id: string): Promise<void> {
  const which = [...ofAccount, '--record-id', id];
  tell('delete', await result('data', 'delete', 'record', ...which));
  tell('read deleted', await result('data', 'get', 'record', ...which));
}

await signIn();
await read();
const id = await write();
if (round.isBaseHost) await bulk();
await remove(id);
