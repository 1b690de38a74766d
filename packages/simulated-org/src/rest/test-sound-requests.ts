import type { TestOrg } from '@lockstep/harness/org';

/** A valid request; `json` and `soql` say how its body or parameter is mutated. */
export interface Sound {
  method: string;
  path: string;
  headers?: Record<string, string>;
  body?: string;
  json?: unknown;
  soql?: string;
}

const data = '/services/data/v62.0';

const queries = [
  "SELECT Id, Name, Owner.Name, (SELECT Id, LastName FROM Contacts LIMIT 2) FROM Account WHERE Name LIKE 'A%' AND (NumberOfEmployees > 10 OR Rating IN ('Hot','Warm')) ORDER BY Name NULLS LAST LIMIT 20",
  'SELECT StageName, COUNT(Id) n, SUM(Amount) FROM Opportunity WHERE CloseDate = LAST_N_DAYS:900 GROUP BY StageName HAVING COUNT(Id) > 1',
  "SELECT FIELDS(STANDARD) FROM Lead WHERE CreatedDate > 2020-01-01T00:00:00Z AND Status NOT IN ('Open - Not Contacted') LIMIT 5",
  "SELECT Id FROM Contact WHERE AccountId IN (SELECT Id FROM Account WHERE Industry = 'Energy') OFFSET 3",
  "SELECT TYPEOF Owner WHEN User THEN Email ELSE Name END FROM Invoice__c WHERE Tags__c INCLUDES ('Urgent;Export','Paper') LIMIT 3",
  'SELECT COUNT() FROM Invoice_Line__c WHERE DAY_ONLY(CreatedDate) < TODAY AND Quantity__c != NULL',
];

const account = {
  Name: 'Mutated',
  NumberOfEmployees: 12,
  AnnualRevenue: 1234567.25,
  Description: null,
};

type Ids = Readonly<Record<string, string>>;

/** Requests of every kind that a real client sends, for records of this org. */
export function soundRequests(org: TestOrg, ids: Ids): Sound[] {
  return [
    ...rowRequests(ids),
    ...compositeRequests(ids),
    ...nestedRequests,
    ...jobRequests(ids),
    ...signInRequests(org),
    ...queryRequests,
  ];
}

/** Requests for records and metadata. */
const rowRequests = (ids: Ids): Sound[] => [
  { method: 'GET', path: '/services/data/' },
  { method: 'GET', path: data },
  { method: 'GET', path: `${data}/sobjects` },
  {
    method: 'GET',
    path: `${data}/sobjects/Account/describe`,
    headers: { 'If-Modified-Since': 'Tue, 24 Mar 2020 00:00:00 GMT' },
  },
  { method: 'GET', path: `${data}/sobjects/Account/${ids.Account}?fields=Name,Industry` },
  { method: 'GET', path: `${data}/sobjects/Contact/${ids.Contact}/Account` },
  {
    method: 'GET',
    path: `${data}/sobjects/Account/updated/?start=2020-01-01T00%3A00%3A00Z&end=2020-01-02T00%3A00%3A00Z`,
  },
  { method: 'GET', path: `${data}/limits/recordCount?sObjects=Account,Contact` },
  { method: 'POST', path: `${data}/sobjects/Account`, json: account },
  {
    method: 'PATCH',
    path: `${data}/sobjects/Account/${ids.Account}`,
    json: { Industry: 'Energy', Website: 'https://x' },
    headers: { 'If-Match': '"abc"' },
  },
  {
    method: 'PATCH',
    path: `${data}/sobjects/Invoice__c/External_Id__c/M-1?updateOnly=false`,
    json: { Issued_On__c: '2026-02-28', Cutoff_Time__c: '10:00:00Z', Place__Latitude__s: 48.1 },
  },
  { method: 'DELETE', path: `${data}/sobjects/Lead/${ids.Lead}` },
  {
    method: 'POST',
    path: `${data}/sobjects/Document`,
    headers: { 'Content-Type': 'multipart/form-data; boundary=cut' },
    body: [
      '--cut\r\nContent-Disposition: form-data; name="entity_document"\r\nContent-Type: application/json',
      `\r\n\r\n{"Name":"D","FolderId":"${ids.Folder}","Type":"txt"}\r\n--cut\r\n`,
      'Content-Disposition: form-data; name="Body"; filename="d.txt"\r\nContent-Type: text/plain\r\n\r\nbytes\r\n--cut--\r\n',
    ].join(''),
  },
  {
    method: 'GET',
    path: `${data}/sobjects/Document/${ids.Document}/Body`,
    headers: { Range: 'bytes=0-9' },
  },
  {
    method: 'PATCH',
    path: `${data}/sobjects/Contact/${ids.Contact}`,
    json: { Account: { attributes: { type: 'Account' }, Id: ids.Account } },
  },
];

/** Requests for several records at once. */
function compositeRequests(ids: Ids): Sound[] {
  const composite = (body: object) => ({ method: 'POST', path: `${data}/composite`, json: body });
  return [
    {
      method: 'POST',
      path: `${data}/composite/sobjects`,
      json: {
        allOrNone: false,
        records: [
          { attributes: { type: 'Account' }, ...account },
          { attributes: { type: 'Lead' }, LastName: 'X', Company: 'Y' },
        ],
      },
    },
    {
      method: 'PATCH',
      path: `${data}/composite/sobjects/Invoice__c/External_Id__c`,
      json: { records: [{ attributes: { type: 'Invoice__c' }, External_Id__c: 'M-2', Channel__c: 'Post' }] },
    },
    { method: 'GET', path: `${data}/composite/sobjects/Account?ids=${ids.Account}&fields=Id,Name` },
    { method: 'DELETE', path: `${data}/composite/sobjects?ids=${ids.Lead}&allOrNone=true` },
    {
      method: 'POST',
      path: `${data}/composite/batch`,
      json: {
        batchRequests: [
          { method: 'GET', url: 'v62.0/limits' },
          { method: 'PATCH', url: `v62.0/sobjects/Account/${ids.Account}`, richInput: { Rating: 'Hot' } },
        ],
      },
    },
    composite({
      allOrNone: true,
      compositeRequest: [
        { method: 'GET', url: `${data}/query?q=SELECT+Id+FROM+Account+LIMIT+2`, referenceId: 'q' },
        {
          method: 'POST',
          url: `${data}/sobjects/Contact`,
          referenceId: 'c',
          body: { LastName: 'Ref', AccountId: '@{q.records[1].Id}' },
        },
      ],
    }),
  ];
}

/** Requests with nested records. */
const nestedRequests: readonly Sound[] = [
  {
    method: 'POST',
    path: `${data}/composite/tree/Account`,
    json: {
      records: [
        {
          attributes: { type: 'Account', referenceId: 'r1' },
          Name: 'T',
          Contacts: { records: [{ attributes: { type: 'Contact', referenceId: 'r2' }, LastName: 'L' }] },
        },
      ],
    },
  },
  {
    method: 'POST',
    path: `${data}/composite/graph`,
    json: {
      graphs: [
        {
          graphId: 'g',
          compositeRequest: [
            { method: 'POST', url: `${data}/sobjects/Account`, referenceId: 'a', body: { Name: 'Graph' } },
            {
              method: 'POST',
              url: `${data}/sobjects/Contact`,
              referenceId: 'c',
              body: { LastName: 'L', AccountId: '@{a.id}' },
            },
          ],
        },
      ],
    },
  },
];

/** Requests for bulk jobs. */
const jobRequests = (ids: Ids): Sound[] => [
  { method: 'GET', path: `${data}/jobs/query?jobType=V2Query` },
  {
    method: 'POST',
    path: `${data}/jobs/query`,
    json: { operation: 'query', query: 'SELECT Id, Name FROM Account' },
  },
  {
    method: 'POST',
    path: `${data}/jobs/ingest`,
    json: { object: 'Lead', operation: 'insert', contentType: 'CSV', lineEnding: 'LF' },
  },
  {
    method: 'PUT',
    path: `${data}/jobs/ingest/${ids.job}/batches`,
    headers: { 'Content-Type': 'text/csv' },
    body: 'LastName,Company\n"O""Hara","A, B"\nX,#N/A\n',
  },
  { method: 'PATCH', path: `${data}/jobs/ingest/${ids.job}`, json: { state: 'Aborted' } },
  { method: 'GET', path: `${data}/jobs/query/${ids.job}/results?maxRecords=10&locator=x` },
];

/** Requests for every way to sign in. */
function signInRequests(org: TestOrg): Sound[] {
  const { clientId, clientSecret, username, password } = org.credentials.demo;
  const form = (fields: Record<string, string>) => new URLSearchParams(fields).toString();
  const formHeaders = { 'Content-Type': 'application/x-www-form-urlencoded' };
  return [
    {
      method: 'POST',
      path: '/services/oauth2/token',
      headers: formHeaders,
      body: form({
        grant_type: 'password',
        client_id: clientId,
        client_secret: clientSecret,
        username,
        password,
      }),
    },
    {
      method: 'POST',
      path: '/services/oauth2/token',
      headers: formHeaders,
      body: form({
        grant_type: 'refresh_token',
        client_id: clientId,
        client_secret: clientSecret,
        refresh_token: 'none',
      }),
    },
    { method: 'GET', path: '/.well-known/openid-configuration' },
    {
      method: 'POST',
      path: '/services/oauth2/introspect',
      headers: formHeaders,
      body: form({
        token: 'x',
        token_type_hint: 'access_token',
        client_id: clientId,
        client_secret: clientSecret,
      }),
    },
    { method: 'GET', path: '/services/oauth2/revoke?token=none' },
    {
      method: 'GET',
      path: `/services/oauth2/authorize?response_type=code&client_id=${org.credentials.web.clientId}&redirect_uri=http%3A%2F%2F127.0.0.1&scope=api&state=s&code_challenge=x`,
    },
    {
      method: 'POST',
      path: '/services/Soap/u/59.0',
      headers: { 'Content-Type': 'text/xml; charset=UTF-8', SOAPAction: 'login' },
      body: `<?xml version="1.0" encoding="utf-8"?><env:Envelope xmlns:env="http://schemas.xmlsoap.org/soap/envelope/"><env:Body><n1:login xmlns:n1="urn:partner.soap.sforce.com"><n1:username>${username}</n1:username><n1:password>x</n1:password></n1:login></env:Body></env:Envelope>`,
    },
    { method: 'GET', path: '/services/oauth2/userinfo' },
  ];
}

const queryRequests: readonly Sound[] = [
  { method: 'GET', path: `${data}/query?explain=SELECT+Id+FROM+Account` },
  { method: 'GET', path: `${data}/query/0r8Hp0000000001IAA-200` },
  ...queries.map((soql): Sound => ({ method: 'GET', path: `${data}/query?q=`, soql })),
  ...queries.map(
    (soql): Sound => ({
      method: 'GET',
      path: `${data}/queryAll?q=`,
      soql,
      headers: { 'Sforce-Query-Options': 'batchSize=200' },
    }),
  ),
];
