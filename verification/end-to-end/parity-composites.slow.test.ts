import { dataPath } from '@lockstep/harness/end-to-end-harness';
import { type Case, compareCases, openParity } from '@lockstep/harness/parity';

const gzip = 'Accept-Encoding: gzip';
const account = `${dataPath}/sobjects/Account`;
const contact = `${dataPath}/sobjects/Contact`;
const query = `${dataPath}/query?q=`;
const part = (referenceId: string, method: string, url: string, body?: object) => ({
  referenceId,
  method,
  url,
  body,
});
const composite = (allOrNone: boolean, ...compositeRequest: object[]) => ({ allOrNone, compositeRequest });
const typed = (type: string, record: object) => ({ attributes: { type }, ...record });

const composites: Case[] = [
  { name: 'a composite whose requests refer to each other', ask: 'POST /composite', body: composite(true, part('a', 'POST', account, { Name: 'Composite', External_Id__c: 'c-1' }), part('c', 'POST', contact, { LastName: 'Ada', AccountId: '@{a.id}' }), part('q', 'GET', `${query}SELECT+Name,(SELECT+LastName+FROM+Contacts)+FROM+Account+WHERE+Id='@{a.id}'`)), status: 200, applied: 'yes', keep: { account: /"id":"(001\w{15})"/, contact: /"id":"(003\w{15})"/ } },
  { name: 'a composite whose answer is compressed', ask: 'POST /composite', headers: [gzip], body: composite(false, part('d', 'GET', `${dataPath}/sobjects`)), status: 200 },
  { name: 'a composite that only reads', ask: 'POST /composite', body: composite(false, part('q', 'GET', `${query}SELECT+Id,Name+FROM+Account+ORDER+BY+Id+LIMIT+5`), part('l', 'GET', `${dataPath}/limits`)), status: 200 },
  { name: 'a composite that fails in part', ask: 'POST /composite', body: composite(false, part('good', 'PATCH', `${account}/{account}`, { Site: 'part' }), part('bad', 'PATCH', `${account}/{account}`, { Name: null }), part('none', 'GET', `${account}/001000000000000AAA`)), status: 200, applied: 'yes' },
  { name: 'a composite that is rolled back as a whole', ask: 'POST /composite', body: composite(true, part('good', 'POST', account, { Name: 'Undone' }), part('bad', 'POST', contact, {})), status: 200, applied: 'no' },
  { name: 'a composite with an upsert and a delete', ask: 'POST /composite', body: composite(false, part('u', 'PATCH', `${account}/External_Id__c/c-1`, { Site: 'upserted' }), part('d', 'DELETE', `${contact}/{contact}`)), status: 200, applied: 'yes' },
  { name: 'a composite of conditional requests', ask: 'POST /composite', body: composite(false, { ...part('m', 'GET', `${dataPath}/sobjects/Contact/describe`), httpHeaders: { 'If-Modified-Since': 'Fri, 01 Jan 2100 00:00:00 GMT' } }), status: 200 },
  { name: 'a composite with too many queries', ask: 'POST /composite', body: composite(false, ...'abcdef'.split('').map((name) => part(name, 'GET', `${query}SELECT+Id+FROM+Account+LIMIT+1`))), status: 400 },
  { name: 'a composite that is not well formed', ask: 'POST /composite', body: { compositeRequest: [{ method: 'GET' }] }, status: 400, applied: 'no' },
]; // biome-ignore format: a table

const collections: Case[] = [
  { name: 'a collection that is created, one record of it refused', ask: 'POST /composite/sobjects', body: { allOrNone: false, records: [typed('Account', { Name: 'Many 1', External_Id__c: 'm-1' }), typed('Account', { Site: 'nameless' }), typed('Contact', { LastName: 'Many' })] }, status: 200, applied: 'yes', keep: { one: /"id":"(001\w{15})"/, two: /"id":"(003\w{15})"/ } },
  { name: 'a collection that is all or none', ask: 'POST /composite/sobjects', body: { allOrNone: true, records: [typed('Account', { Name: 'None' }), typed('Account', { Site: 'nameless' })] }, status: 200, applied: 'no' },
  { name: 'a collection that is updated', ask: 'PATCH /composite/sobjects', body: { records: [typed('Account', { id: '{one}', Site: 'updated' }), typed('Contact', { id: '{two}', LastName: 'updated' })] }, status: 200, applied: 'yes' },
  { name: 'a collection that is upserted', ask: 'PATCH /composite/sobjects/Account/External_Id__c', body: { records: [typed('Account', { External_Id__c: 'm-1', Site: 'again' }), typed('Account', { External_Id__c: 'm-2', Name: 'New' }), typed('Account', { External_Id__c: 'm-3', Name: 'x'.repeat(300) })] }, status: 200, applied: 'yes' },
  { name: 'a collection that is read', ask: 'GET /composite/sobjects/Account?ids={one},001000000000000AAA&fields=Name,Site', status: 200 },
  { name: 'a collection that is read by a POST', ask: 'POST /composite/sobjects/Account', body: { ids: ['{one}'], fields: ['Name'] }, status: 200 },
  { name: 'a collection of 200 records', ask: 'POST /composite/sobjects', headers: [gzip], body: { records: Array.from({ length: 200 }, (_, i) => typed('Contact', { LastName: `Number ${i}` })) }, status: 200, applied: 'yes' },
  { name: 'a collection of too many records', ask: 'POST /composite/sobjects', body: { records: Array.from({ length: 201 }, (_, i) => typed('Contact', { LastName: `Number ${i}` })) }, status: 400, applied: 'no' },
  { name: 'a collection that is deleted', ask: 'DELETE /composite/sobjects?ids={one},{two},001000000000000AAA', status: 200, applied: 'yes' },
  { name: 'a collection with a method that is not allowed', ask: 'PUT /composite/sobjects', body: { records: [] }, status: 405, applied: 'no' },
]; // biome-ignore format: a table

const others: Case[] = [
  { name: 'a batch', ask: 'POST /composite/batch', body: { batchRequests: [part('', 'PATCH', 'v62.0/sobjects/Account/{account}'), part('', 'GET', 'v62.0/sobjects/Account/{account}?fields=Name'), part('', 'GET', 'v62.0/sobjects/Nope')].map(({ method, url }) => ({ method, url, ...(method === 'PATCH' && { richInput: { Site: 'batch' } }) })) }, status: 200, applied: 'yes' },
  { name: 'a batch that halts', ask: 'POST /composite/batch', body: { haltOnError: true, batchRequests: [{ method: 'GET', url: 'v62.0/sobjects/Nope' }, { method: 'GET', url: 'v62.0/limits' }] }, status: 200 },
  { name: 'a tree', ask: 'POST /composite/tree/Account', body: { records: [{ attributes: { type: 'Account', referenceId: 'a' }, Name: 'Tree', Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'c' }, LastName: 'Leaf' }] } }] }, status: 201, applied: 'yes' },
  { name: 'a tree that is refused', ask: 'POST /composite/tree/Account', body: { records: [{ attributes: { type: 'Account', referenceId: 'a' }, Site: 'nameless' }] }, status: 400, applied: 'no' },
  { name: 'graphs of which one is rolled back', ask: 'POST /composite/graph', body: { graphs: ['good', 'bad'].map((graphId) => ({ graphId, compositeRequest: [part('a', 'POST', account, { Name: 'Graph' }), part('c', 'POST', contact, graphId === 'good' ? { LastName: 'Node', AccountId: '@{a.id}' } : {})] })) }, status: 200, applied: 'yes' },
  { name: 'an unknown resource below composite', ask: 'POST /composite/nothing', body: {}, status: 404, applied: 'no' },
]; // biome-ignore format: a table

const parity = await openParity({ records: 300, sobjects: ['Account', 'Contact'] });
compareCases(parity, [...composites, ...collections, ...others]);
