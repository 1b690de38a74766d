import { connect } from 'node:net';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import type { TestOrg } from '@lockstep/harness/org';

/**
 * Requests that a real client could send, each with something wrong in its path, headers, JSON, SOQL or CSV. They are
 * sent as bytes, since an HTTP library would refuse half of them. The same seed sends the same requests.
 */
export interface Mutated {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

export interface Answered {
  status: number;
  contentType: string;
  body: string;
}

/** A valid request; `json` and `soql` say how its body or parameter is mutated. */
interface Sound extends Partial<Mutated> {
  method: string;
  path: string;
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

function soundRequests(org: TestOrg, ids: Ids): Sound[] {
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

const oddTexts = [
  '',
  '\0',
  '\u0000',
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '..',
  '%2e%2e',
  '//',
  ';',
  '\\',
  '"',
  "'",
  '`',
  '@{x.y}',
  '😀',
  '\ud800',
  '\u2028',
  '__proto__',
  'constructor',
  '0',
  '-1',
  '9'.repeat(400),
  'A'.repeat(5000),
  '\r\nX: y',
  'null',
  '{{',
  ']',
  ')',
];
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1e308,
  -1,
  '',
  [],
  {},
  [[]],
  { a: { b: [1] } },
  ...oddTexts,
];
const soqlWords = [
  'SELECT',
  'FROM',
  'WHERE',
  'AND',
  'OR',
  'NOT',
  '(',
  ')',
  ',',
  "'",
  'LIMIT',
  'OFFSET',
  'GROUP BY',
  'HAVING',
  'ORDER BY',
  'IN',
  'LIKE',
  'NULL',
  '=',
  '<',
  '!=',
  'COUNT()',
  'TYPEOF',
  'END',
  'FIELDS(ALL)',
  'LAST_N_DAYS:',
  '2020-01-01',
  '99999999999999999999',
  '1.5e999',
  'Id',
  'Name',
  'Account',
  ':x',
  '\\',
  'FOR UPDATE',
  'ALL ROWS',
  'USING SCOPE',
];

/** Makes one to three changes to a text: removes, inserts, replaces, repeats or cuts off. */
function mutateText(text: string, random: Random, odd: readonly string[]): string {
  let mutated = text;
  for (let change = random.between(1, 3); change > 0; change--) {
    const at = random.between(0, mutated.length);
    const to = Math.min(mutated.length, at + random.between(1, 12));
    const part = mutated.slice(at, to);
    switch (random.between(0, 4)) {
      case 0:
        mutated = mutated.slice(0, at) + mutated.slice(to);
        break;
      case 1:
        mutated = mutated.slice(0, at) + random.pick(odd) + mutated.slice(at);
        break;
      case 2:
        mutated = mutated.slice(0, at) + random.pick(odd) + mutated.slice(to);
        break;
      case 3:
        mutated = mutated.slice(0, to) + part.repeat(random.between(1, 40)) + mutated.slice(to);
        break;
      default:
        mutated = mutated.slice(0, at);
    }
  }
  return mutated;
}

/** Moves, removes, inserts or replaces whole words, so that most results get past the parser's first words. */
function mutateSoql(soql: string, random: Random): string {
  if (random.next() < 0.2) return mutateText(soql, random, oddTexts);
  const words: string[] = soql.match(/'[^']*'|[\w.]+|[^\s\w]/g) ?? [];
  for (let change = random.between(1, 2); change > 0; change--) {
    const at = random.between(0, words.length - 1);
    const other = random.next() < 0.5 ? random.pick(words) : random.pick(soqlWords);
    const [from, to] = [random.between(0, words.length), random.between(0, words.length)];
    switch (random.between(0, 3)) {
      case 0:
        words.splice(at, 1);
        break;
      case 1:
        words.splice(at, 0, other);
        break;
      case 2:
        words.splice(at, 1, other);
        break;
      default:
        words.push(...words.splice(Math.min(from, to), Math.abs(from - to)));
    }
  }
  return words.join(' ');
}

/** Changes or removes one member anywhere in a value, or adds another next to it. */
function mutateJson(value: unknown, random: Random): unknown {
  if (value === null || typeof value !== 'object' || random.next() < 0.15) return random.pick(oddValues);
  const entries = Object.entries(value);
  const chosen = random.between(0, Math.max(0, entries.length - 1));
  const mutated = entries.flatMap(([key, one], at): [string, unknown][] => {
    if (at !== chosen) return [[key, one]];
    switch (random.between(0, 5)) {
      case 0:
        return [];
      case 1:
        return [[random.pick(oddTexts), one]];
      case 2:
        return [
          [key, one],
          [`${key}X`, random.pick(oddValues)],
        ];
      default:
        return [[key, mutateJson(one, random)]];
    }
  });
  return Array.isArray(value) ? mutated.map(([, one]) => one) : Object.fromEntries(mutated);
}

const headerNames = [
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Accept',
  'Accept-Encoding',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Unmodified-Since',
  'Sforce-Query-Options',
  'Sforce-Call-Options',
  'X-PrettyPrint',
  'Transfer-Encoding',
  'Expect',
  'Host',
  'Upgrade',
  'Range',
  'X-HTTP-Method-Override',
];
const headerValues = [
  '',
  'gzip',
  'chunked',
  'identity, gzip',
  '100-continue',
  'h2c',
  'bytes=0-1',
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'batchSize=-1',
  'batchSize=99999999999',
  'Bearer',
  'Bearer x',
  'Basic !!',
  '*',
  '"',
  'Tue, 99 Foo 2020',
  '\u00ff\u00fe',
  'x'.repeat(17_000),
];

function mutate(sound: Sound, random: Random): Mutated {
  const headers: Record<string, string> = { ...sound.headers };
  let { method, path } = sound;
  let body = sound.body ?? '';
  if (sound.json !== undefined) {
    headers['Content-Type'] ??= 'application/json';
    body = JSON.stringify(sound.json);
  }
  const kind = random.next();
  if (kind < 0.12)
    method = random.pick(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FOO']);
  else if (kind < 0.3) headers[random.pick(headerNames)] = random.pick(headerValues);
  else if (kind < 0.5 && sound.soql === undefined) path = mutateText(path, random, oddTexts);
  else if (sound.json !== undefined)
    body =
      random.next() < 0.3
        ? mutateText(body, random, oddTexts)
        : JSON.stringify(mutateJson(sound.json, random));
  else if (sound.body !== undefined) body = mutateText(body, random, oddTexts);
  else if (sound.soql === undefined) path = mutateText(path, random, oddTexts);
  if (sound.soql !== undefined) {
    path += encodeURIComponent(mutateSoql(sound.soql, random).toWellFormed());
  }
  return { method, path, headers, body };
}

/** Sends `formatCount` requests, four at a time; `check` gets each and throws if the answer is not valid. */
export async function sendMutated(
  org: TestOrg,
  ids: Readonly<Record<string, string>>,
  { count, seed }: { count: number; seed: number },
  check: (request: Mutated, answer: Answered) => void,
): Promise<void> {
  const random = seededRandom(seed);
  const sound = soundRequests(org, ids);
  const token = await org.token('demo');
  const requests = Array.from({ length: count }, () => mutate(random.pick(sound), random));
  const next = requests.values();
  const sender = async () => {
    for (const request of next) check(request, await send(org.url, token, request));
  };
  await Promise.all([sender(), sender(), sender(), sender()]);
}

const answerMsMax = 20_000;

function send(url: string, token: string, { method, path, headers, body }: Mutated): Promise<Answered> {
  const { hostname, port, host } = new URL(url);
  const lines = Object.entries({
    Host: host,
    Authorization: `Bearer ${token}`,
    Connection: 'close',
    ...(body !== '' && { 'Content-Length': String(Buffer.byteLength(body)) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(Number(port), hostname);
    const read = () => readAnswer(Buffer.concat(chunks));
    // If the headers say chunked and the body is not, the org may wait for more of it.
    const giveUp = setTimeout(() => socket.end(), 'Transfer-Encoding' in headers ? 1000 : answerMsMax);
    socket.setTimeout(answerMsMax, () => socket.destroy(new Error('no answer in time')));
    socket.on('connect', () => socket.write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`));
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      // The org closes the connection at once if the bytes are not HTTP, and may have answered first.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE') resolve(read());
      else reject(error);
    });
    socket.on('close', () => {
      clearTimeout(giveUp);
      resolve(read());
    });
  });
}

/** Status 0 if the connection ended without an answer. */
function readAnswer(bytes: Buffer): Answered {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  const head = end < 0 ? text : text.slice(0, end);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1] ?? 0);
  const contentType = /^content-type: *(.*)$/im.exec(head)?.[1]?.trim() ?? '';
  const isChunked = /^transfer-encoding: *chunked/im.test(head);
  const body = bytes.subarray(end < 0 ? bytes.length : end + 4);
  return { status, contentType, body: (isChunked ? unchunked(body) : body).toString() };
}

function unchunked(body: Buffer): Buffer {
  const parts: Buffer[] = [];
  for (let at = 0; at < body.length; ) {
    const lineEnd = body.indexOf('\r\n', at);
    const size = Number.parseInt(body.subarray(at, lineEnd).toString('latin1'), 16);
    if (lineEnd < 0 || !size) break;
    parts.push(body.subarray(lineEnd + 2, lineEnd + 2 + size));
    at = lineEnd + 4 + size;
  }
  return Buffer.concat(parts);
}
