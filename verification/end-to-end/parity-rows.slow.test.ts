import { gzipSync } from 'node:zlib';
import type { TestOrg } from '@lockstep/harness/org';
import { type Case, compareCases, openParity } from '@lockstep/harness/parity';

const json = 'Content-Type: application/json';
const account = '/sobjects/Account/{account}';
const gzip = 'Accept-Encoding: gzip';
const longAgo = 'Thu, 01 Jan 2015 00:00:00 GMT';
const farAhead = 'Fri, 01 Jan 2100 00:00:00 GMT';

const arm = (match: object, effect: object) => (org: TestOrg) =>
  org.control('/faults', { match: { user: 'demo', ...match }, effect });

const versionsAndDescribes: Case[] = [
  { name: 'the versions, without a token', ask: 'GET /services/data', anonymous: true, status: 200 },
  { name: 'the versions, by their other URL', ask: 'GET /services/data/', status: 200 },
  { name: 'the resources of a version', ask: 'GET /', status: 200, differs: ['address'] },
  { name: 'a version that is retired', ask: 'GET /services/data/v20.0/sobjects', status: 410 },
  { name: 'an unknown version', ask: 'GET /services/data/v999.0/sobjects', status: 404 },
  { name: 'all sobjects', ask: 'GET /sobjects', status: 200 },
  { name: 'all sobjects, compressed', ask: 'GET /sobjects', headers: [gzip], status: 200 },
  { name: 'all sobjects, unchanged since', ask: 'GET /sobjects', headers: [`If-Modified-Since: ${farAhead}`], status: 304 },
  { name: 'an sobject in short', ask: 'GET /sobjects/Account', status: 200 },
  { name: 'a describe', ask: 'GET /sobjects/Account/describe', status: 200, differs: ['address'] },
  { name: 'a describe, printed for people', ask: 'GET /sobjects/Invoice__c/describe', headers: ['X-PrettyPrint: 1'], status: 200, differs: ['address'] },
  { name: 'a describe, unchanged since', ask: 'GET /sobjects/Account/describe', headers: [`If-Modified-Since: ${farAhead}`], status: 304 },
  { name: 'a describe, changed since', ask: 'GET /sobjects/Account/describe', headers: [`If-Modified-Since: ${longAgo}`], status: 200, differs: ['address'] },
  { name: 'a HEAD of a describe', ask: 'HEAD /sobjects/Account/describe', status: 200 },
  { name: 'a describe of an unknown sobject', ask: 'GET /sobjects/Nope/describe', status: 404 },
  { name: 'who is signed in', ask: 'GET /services/oauth2/userinfo', status: 200, differs: ['address'] },
]; // biome-ignore format: a table

const rows: Case[] = [
  { name: 'a seeded record', ask: `GET /query?q=SELECT+Id+FROM+Account+ORDER+BY+Id+LIMIT+1`, status: 200, keep: { first: /"Id":"(\w{18})"/ } },
  { name: 'its row', ask: 'GET /sobjects/Account/{first}', status: 200, keep: { tag: /ETag: (".*")/ } },
  { name: 'its row, compressed', ask: 'GET /sobjects/Account/{first}', headers: [gzip], status: 200 },
  { name: 'a HEAD of its row', ask: 'HEAD /sobjects/Account/{first}', status: 200 },
  { name: 'its row by its current tag', ask: 'GET /sobjects/Account/{first}', headers: ['If-None-Match: {tag}'], status: 304 },
  { name: 'a HEAD of its row by its current tag', ask: 'HEAD /sobjects/Account/{first}', headers: ['If-None-Match: {tag}'], status: 304 },
  { name: 'its row by another tag', ask: 'GET /sobjects/Account/{first}', headers: ['If-None-Match: "no"'], status: 200 },
  { name: 'its row if it has another tag', ask: 'GET /sobjects/Account/{first}', headers: ['If-Match: "no"'], status: 412 },
  { name: 'its row, unchanged since', ask: 'GET /sobjects/Account/{first}', headers: [`If-Modified-Since: ${farAhead}`], status: 304 },
  { name: 'its row, if unchanged since', ask: 'GET /sobjects/Account/{first}', headers: [`If-Unmodified-Since: ${longAgo}`], status: 412 },
  { name: 'a create', ask: 'POST /sobjects/Account', body: { Name: 'Zoë \u{1F600}', External_Id__c: 'twin-1', AnnualRevenue: 0.1 }, status: 201, applied: 'yes', keep: { account: /"id":"(\w{18})"/ } },
  { name: 'a create without a length', ask: 'POST /sobjects/Account', headers: [json, 'Transfer-Encoding: chunked'], body: '10\r\n{"Name":"Chunks"\r\n1\r\n}\r\n0\r\n\r\n', status: 201, applied: 'yes' },
  { name: 'a create that waits for 100 Continue', ask: 'POST /sobjects/Account', headers: ['Expect: 100-continue'], body: { Name: 'Continued' }, status: 201, applied: 'yes' },
  { name: 'a create that is compressed', ask: 'POST /sobjects/Account', headers: [json, 'Content-Encoding: gzip'], body: gzipSync('{"Name":"Small"}'), status: 201, applied: 'yes' },
  { name: 'a create of another sobject', ask: 'POST /sobjects/Contact', body: { LastName: 'Öztürk', AccountId: '{account}' }, status: 201, applied: 'yes', keep: { contact: /"id":"(\w{18})"/ } },
  { name: 'a create of an sobject that is not mirrored', ask: 'POST /sobjects/Lead', body: { LastName: 'Lead', Company: 'Lead' }, status: 201, applied: 'no' },
  { name: 'a created row', ask: `GET ${account}`, status: 200, differs: ['entity tag'] },
  { name: 'a created row by the host', by: 'host', ask: `GET ${account}`, status: 200, differs: ['entity tag'] },
  { name: 'a created row by a URL that names the org', by: 'named host', ask: `GET ${account}`, status: 200, differs: ['entity tag'] },
  { name: 'an update by the host', by: 'host', ask: `PATCH ${account}`, body: { Site: 'by host' }, status: 204, applied: 'yes' },
  { name: 'an update by a URL that names the org', by: 'named host', ask: `PATCH ${account}`, body: { Site: 'named' }, status: 204, applied: 'yes' },
  { name: 'some fields of a row, one of them unknown', ask: `GET ${account}?fields=Name,AnnualRevenue,Owner`, status: 400 },
  { name: 'some fields of a row, all known', ask: `GET ${account}?fields=Name,AnnualRevenue`, status: 200, differs: ['entity tag'] },
  { name: 'a parent by its relationship', ask: 'GET /sobjects/Contact/{contact}/Account', status: 200, differs: ['entity tag'] },
  { name: 'children by their relationship', ask: `GET ${account}/Contacts`, status: 200 },
  { name: 'an update', ask: `PATCH ${account}`, headers: [json], body: '{"AnnualRevenue": 9007199254740993.10}', status: 204, applied: 'yes' },
  { name: 'an update by a POST that says so', ask: `POST ${account}?_HttpMethod=PATCH`, body: { Site: 'here' }, status: 204, applied: 'yes' },
  { name: 'an update, if it has another tag', ask: `PATCH ${account}`, headers: ['If-Match: "no"'], body: { Site: 'lost' }, status: 412, applied: 'no' },
  { name: 'an update, if unchanged since', ask: `PATCH ${account}`, headers: [`If-Unmodified-Since: ${longAgo}`], body: { Site: 'lost' }, status: 412, applied: 'no' },
  { name: 'an update, if unchanged until much later', ask: `PATCH ${account}`, headers: [`If-Unmodified-Since: ${farAhead}`], body: { Site: 'kept' }, status: 204, applied: 'yes' },
  { name: 'an update whose condition is not a date', ask: `PATCH ${account}`, headers: ['If-Modified-Since: yesterday'], body: { Site: 'lost' }, status: 400, applied: 'no' },
  { name: 'a row by its external id', ask: 'GET /sobjects/Account/External_Id__c/twin-1', status: 200, differs: ['entity tag'] },
  { name: 'an upsert that updates', ask: 'PATCH /sobjects/Account/External_Id__c/twin-1', body: { Name: 'Upserted' }, status: 200, applied: 'yes' },
  { name: 'an upsert that creates', ask: 'PATCH /sobjects/Account/External_Id__c/twin%202%20%C3%A4', body: { Name: 'Upserted' }, status: 201, applied: 'yes' },
  { name: 'a record with an external id', ask: 'POST /sobjects/Contact', body: { LastName: 'A', Legacy_Number__c: 'T-1' }, status: 201, applied: 'yes' },
  { name: 'another with the same external id', ask: 'POST /sobjects/Contact', body: { LastName: 'B', Legacy_Number__c: 'T-1' }, status: 201, applied: 'yes' },
  { name: 'an upsert that finds two', ask: 'PATCH /sobjects/Contact/Legacy_Number__c/T-1', body: { LastName: 'C' }, status: 300, applied: 'no' },
  { name: 'an upsert by a field that is not an external id', ask: 'PATCH /sobjects/Account/Site/x', body: { Name: 'x' }, status: 404, applied: 'no' },
  { name: 'a delete', ask: 'DELETE /sobjects/Contact/{contact}', status: 204, applied: 'yes' },
  { name: 'a row that was deleted', ask: 'GET /sobjects/Contact/{contact}', status: 404 },
  { name: 'a second delete', ask: 'DELETE /sobjects/Contact/{contact}', status: 404, applied: 'no' },
]; // biome-ignore format: a table

const refusals: Case[] = [
  { name: 'a required field that is missing', ask: 'POST /sobjects/Account', body: { Site: 'x' }, status: 400, applied: 'no' },
  { name: 'an unknown field', ask: 'POST /sobjects/Account', body: { Name: 'x', Nope__c: 1 }, status: 400, applied: 'no' },
  { name: 'a value that is too long', ask: `PATCH ${account}`, body: { Name: 'x'.repeat(300) }, status: 400, applied: 'no' },
  { name: 'a body that is not JSON', ask: 'POST /sobjects/Account', headers: [json], body: '{"Name":', status: 400, applied: 'no' },
  { name: 'a body that is XML', ask: 'POST /sobjects/Account', headers: ['Content-Type: application/xml'], body: '<Account><Name>x</Name></Account>', status: 415, applied: 'no' },
  { name: 'an encoding that is unknown', ask: 'POST /sobjects/Account', headers: [json, 'Content-Encoding: br'], body: 'x', status: 415, applied: 'no' },
  { name: 'an invalid Id', ask: 'GET /sobjects/Account/nonsense', status: 404 },
  { name: 'an unknown record', ask: 'PATCH /sobjects/Account/001000000000000AAA', body: { Name: 'x' }, status: 404, applied: 'no' },
  { name: 'an unknown sobject', ask: 'POST /sobjects/Nope', body: { Name: 'x' }, status: 404, applied: 'no' },
  { name: 'a method that is not allowed', ask: 'PUT /sobjects/Account', body: {}, status: 405, applied: 'no' },
  { name: 'a token that is not valid', ask: `GET ${account}`, headers: ['Authorization: Bearer {org}!expired'], status: 401 },
  { name: 'a write with a token that is not valid', ask: `PATCH ${account}`, headers: ['Authorization: Bearer {org}!expired'], body: { Name: 'x' }, status: 401, applied: 'no' },
  { name: 'a locked row', ask: `PATCH ${account}`, body: { Name: 'x' }, status: 400, applied: 'no', before: lockRow, after: unlockRow },
  { name: 'a locked row, by an injected answer', ask: `PATCH ${account}`, body: { Name: 'x' }, status: 400, applied: 'no', before: arm({ method: 'PATCH' }, { answer: 'UNABLE_TO_LOCK_ROW' }) },
  { name: 'the requests of the day used up', ask: `GET ${account}`, status: 403, before: (org) => org.control('/limits', { dailyUsed: 100_000 }) },
  { name: 'a write with the requests of the day used up', ask: `PATCH ${account}`, body: { Name: 'x' }, status: 403, applied: 'no', before: (org) => org.control('/limits', { dailyUsed: 100_000 }) },
  { name: 'too many long requests', ask: `GET ${account}`, status: 403, before: arm({}, { answer: 'CONCURRENT_REQUESTS' }) },
  { name: 'an org that is down, with a page of HTML', ask: 'POST /sobjects/Account', body: { Name: 'x' }, status: 503, applied: 'poll', before: arm({}, { answer: 'HTML_503' }) },
  { name: 'an org that asks to wait', ask: `GET ${account}`, status: 429, before: arm({}, { answer: 'TOO_MANY_REQUESTS', retryAfterSeconds: 7 }) },
  { name: 'an org that failed', ask: `GET ${account}`, status: 500, before: arm({}, { answer: 'UNKNOWN_EXCEPTION' }) },
  { name: 'a redirect', ask: `GET ${account}`, status: 302, before: arm({}, { redirectTo: 'https://other.example/' }) },
  { name: 'an error with status 200', ask: `GET ${account}`, status: 200, before: arm({}, { answer: 'ERROR_WITH_200' }) },
  { name: 'an odd status with odd headers', ask: `GET ${account}`, status: 420, before: arm({}, { respond: { status: 420, headers: { 'x-ODD': 'a, b', 'Set-Cookie': 'BrowserId=1' }, body: 'calm' } }) },
  { name: 'an answer without its body', ask: `GET ${account}`, status: 200, before: arm({}, { emptyBody: true }), differs: ['entity tag'] },
  { name: 'a SOAP login that is refused', ask: 'POST /services/Soap/u/62.0', headers: ['Content-Type: text/xml', 'SOAPAction: login'], body: soapLogin('nobody', 'wrong'), status: 500, applied: 'no' },
]; // biome-ignore format: a table

/** Locks the row in another transaction until the answer has arrived. */
async function lockRow(org: TestOrg): Promise<void> {
  const id = parity.known.direct.get('account') ?? '';
  const { id: transaction } = await org.control<{ id: string }>('/transactions/open', {
    as: 'demo',
    writes: [{ update: id, values: { Site: 'held' } }],
  });
  lockedIn.set(org, transaction);
}

async function unlockRow(org: TestOrg): Promise<void> {
  await org.control('/transactions/rollBack', { id: lockedIn.get(org) });
}

function soapLogin(username: string, password: string): string {
  return `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
    <login xmlns="urn:partner.soap.sforce.com"><username>${username}</username><password>${password}</password></login>
  </e:Body></e:Envelope>`;
}

const lockedIn = new Map<TestOrg, string>();
const parity = await openParity({ records: 300, sobjects: ['Account', 'Contact'] });
for (const side of ['direct', 'proxied'] as const)
  parity.known[side].set('org', parity.direct.orgId.slice(0, 15));

compareCases(parity, [...versionsAndDescribes, ...rows, ...refusals]);
