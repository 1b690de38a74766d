import { type Case, compareCases, openParity } from '@lockstep/harness/parity';

const gzip = 'Accept-Encoding: gzip';
const soql = (text: string) => encodeURIComponent(text);
const small = 'Sforce-Query-Options: batchSize=200';
const everyLead = 'SELECT Id, Name, Company, CreatedDate, AnnualRevenue, IsConverted FROM Lead ORDER BY Id';

const queries: Case[] = [
  { name: 'a query', ask: `GET /query?q=${soql("SELECT Id, Name, Owner.Username, (SELECT LastName FROM Contacts) FROM Account ORDER BY Id LIMIT 20")}`, status: 200 },
  { name: 'a query, with plus signs for spaces', ask: "GET /query?q=SELECT+Id+FROM+Account+WHERE+Name+LIKE+'A%25'+ORDER+BY+Id", status: 200 },
  { name: 'a query, printed for people', ask: `GET /query/?q=${soql('SELECT Id, Amount FROM Opportunity ORDER BY Id LIMIT 3')}`, headers: ['X-PrettyPrint: 1'], status: 200 },
  { name: 'a first page', ask: `GET /query?q=${soql(everyLead)}`, headers: [small], status: 200, keep: { more: /"nextRecordsUrl":"([^"]+)"/ } },
  { name: 'a first page, compressed', ask: `GET /query?q=${soql(everyLead)}`, headers: [small, gzip], status: 200 },
  { name: 'a second page', ask: 'GET {more}', status: 200 },
  { name: 'a second page, compressed', ask: 'GET {more}', headers: [gzip], status: 200 },
  { name: 'a page by an invalid locator', ask: 'GET /query/01gNO-2000', status: 400 },
  { name: 'a HEAD of a query', ask: `HEAD /query?q=${soql('SELECT Id FROM Account LIMIT 1')}`, status: 200 },
  { name: 'a count', ask: `GET /query?q=${soql('SELECT COUNT() FROM Contact')}`, status: 200 },
  { name: 'groups', ask: `GET /query?q=${soql('SELECT LeadSource, COUNT(Id) n FROM Lead GROUP BY LeadSource ORDER BY LeadSource')}`, status: 200 },
  { name: 'a query in another version', ask: `GET /services/data/v42.0/query?q=${soql('SELECT Id FROM Account ORDER BY Id LIMIT 2')}`, status: 200 },
  { name: 'a query that is not well formed', ask: `GET /query?q=${soql('SELECT FROM')}`, status: 400 },
  { name: 'a query of an unknown field', ask: `GET /query?q=${soql('SELECT Nope FROM Account')}`, status: 400 },
  { name: 'a query of an unknown sobject', ask: `GET /query?q=${soql('SELECT Id FROM Nope')}`, status: 400 },
  { name: 'a query without a query', ask: 'GET /query', status: 400 },
  { name: 'a query with a method that is not allowed', ask: 'POST /query?q=x', body: {}, status: 405, applied: 'no' },
  { name: 'the plan of a query', ask: `GET /query?explain=${soql("SELECT Id FROM Account WHERE Name = 'Acme'")}`, status: 200, differs: ['estimate'] },
  { name: 'a record that is deleted', ask: `GET /query?q=${soql('SELECT Id FROM Lead ORDER BY Id LIMIT 1')}`, status: 200, keep: { lead: /"Id":"(\w{18})"/ } },
  { name: 'its deletion', ask: 'DELETE /sobjects/Lead/{lead}', status: 204, applied: 'yes' },
  { name: 'a query without what was deleted', ask: "GET /query?q=SELECT+Id+FROM+Lead+WHERE+Id='{lead}'", status: 200 },
  { name: 'a query of everything', ask: `GET /queryAll?q=${soql("SELECT Id, IsDeleted FROM Lead WHERE IsDeleted = true")}`, status: 200 },
  { name: 'a query that takes too long', ask: `GET /query?q=${soql('SELECT Id FROM Account')}`, status: 400, before: (org) => org.control('/faults', { match: { user: 'demo' }, effect: { answer: 'QUERY_TIMEOUT' } }) },
]; // biome-ignore format: a table

/** A span whose ends are far from the org's present, since its clock stands still. */
const span = `start=${soql(new Date(Date.now() - 86_400_000).toISOString())}&end=${soql(new Date(Date.now() - 60_000).toISOString())}`;

const besides: Case[] = [
  { name: 'the limits', ask: 'GET /limits', status: 200 },
  { name: 'the limits, compressed', ask: 'GET /limits/', headers: [gzip], status: 200 },
  { name: 'record counts', ask: 'GET /limits/recordCount?sObjects=Account,Lead,Nope', status: 200 },
  { name: 'what was updated', ask: `GET /sobjects/Account/updated/?${span}`, status: 200 },
  { name: 'what was deleted', ask: `GET /sobjects/Lead/deleted/?${span}`, status: 200 },
  { name: 'a span that is too far back', ask: `GET /sobjects/Lead/deleted?start=2015-01-01T00%3A00%3A00Z&end=2015-02-01T00%3A00%3A00Z`, status: 400 },
  { name: 'a search, which this org does not serve', ask: `GET /search?q=${soql('FIND {Acme}')}`, status: 404 },
  { name: 'a parameterized search, which is no write', ask: 'POST /parameterizedSearch', body: { q: 'Acme' }, status: 404 },
  { name: 'another API, which may write', ask: 'POST /services/apexrest/anything', body: {}, status: 404, applied: 'no' },
]; // biome-ignore format: a table

const parity = await openParity({ records: 3_000, sobjects: ['Account', 'Lead'] });
compareCases(parity, [...queries, ...besides]);
