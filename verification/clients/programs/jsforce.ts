import { Connection, type SaveResult, VERSION } from 'jsforce';
import { apiVersion, ends, type NamedRecord, openRound, tell, tellVersion } from './round.ts';

/** The round of jsforce. It signs in by SOAP, and its base URL is set afterwards, as docs/clients.md says. */
const round = openRound();
const conn = new Connection({ loginUrl: round.org, version: apiVersion });
const accounts = conn.sobject('Account');

const idOf = (result: SaveResult): string => {
  if (!result.success) throw new Error('the record was not written');
  return result.id;
};

async function signIn(): Promise<void> {
  tellVersion(VERSION);
  tell('sign in', await conn.login(round.username, round.password + round.securityToken));
  conn.instanceUrl = round.base;
}

async function read(): Promise<void> {
  const { DailyApiRequests: daily } = await conn.limits();
  tell('limits', daily?.Max);
  const { name, keyPrefix, fields } = await conn.describe('Account');
  tell('describe', { name, keyPrefix, fields: fields.map((field) => field.name) });

  const soql = 'SELECT Id, Name FROM Contact ORDER BY Id';
  const records: NamedRecord[] = [];
  let pages = 1;
  let page = await conn.query<NamedRecord>(soql, { headers: { 'Sforce-Query-Options': 'batchSize=200' } });
  for (records.push(...page.records); !page.done; records.push(...page.records), pages++)
    page = await conn.queryMore<NamedRecord>(page.nextRecordsUrl ?? '');
  tell('query', { pages, ...ends(records) });
}

async function write(): Promise<string> {
  const created = await accounts.create({ Name: 'Made by jsforce', NumberOfEmployees: 3 });
  tell('create', created);
  const id = idOf(created);
  tell('update', await accounts.update({ Id: id, Name: 'Changed by jsforce' }));
  const { Name, NumberOfEmployees } = await accounts.retrieve(id);
  tell('read', { Name, NumberOfEmployees });

  // jsforce puts the value into the path as it is.
  const record = { External_Id__c: encodeURIComponent(round.key), Name: 'Upserted by jsforce' };
  tell('upsert, new', await accounts.upsert(record, 'External_Id__c'));
  tell('upsert, known', await accounts.upsert({ ...record, Site: 'here' }, 'External_Id__c'));
  tell('collection', await accounts.create([{ Name: 'One' }, { Site: 'nameless' }, { Name: 'Two' }]));
  return id;
}

async function bulk(): Promise<void> {
  const input = Array.from({ length: 5 }, (_, i) => ({
    Name: `Bulk, "${i}"`,
    External_Id__c: `${round.key} ${i}`,
  }));
  const job = { object: 'Account', operation: 'insert', input } as const;
  const { successfulResults, failedResults } = await conn.bulk2.loadAndWaitForResults(job);
  tell('bulk insert', { successfulResults, failedResults });
  const stream = await conn.bulk2.query("SELECT Id, Name FROM Account WHERE Name LIKE 'Bulk, %' ORDER BY Id");
  tell('bulk query', await stream.toArray());
}

async function remove(id: string): Promise<void> {
  tell('delete', await accounts.destroy(id));
  const refusal = await accounts.retrieve(id).then(null, (error: Error & { errorCode: string }) => error);
  tell('read deleted', [refusal.errorCode, refusal.message]);
}

await signIn();
await read();
const id = await write();
if (round.isBaseHost) await bulk();
await remove(id);
