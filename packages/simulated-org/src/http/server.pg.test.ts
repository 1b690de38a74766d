import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Random } from '@lockstep/foundation/random';
import { sql } from '@lockstep/foundation/sql';
import { startOrg } from '@lockstep/harness/org';
import { withSeed } from '@lockstep/harness/property';

const org = await startOrg({ records: 2000 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

/** Sends raw bytes and returns the status of the first answer. */
function raw(text: string): Promise<number> {
  const { hostname, port } = new URL(org.url);
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(text));
    socket.setEncoding('latin1');
    socket.on('data', (answer: string) => {
      resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1]));
      socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error('closed without an answer')));
  });
}

test('every answer has a Date, and requests with a token count as API calls', async () => {
  const first = await org.request('GET', `${data}/limits`);
  const second = await org.request('GET', `${data}/sobjects/Nothing`);

  const usage = (answer: { headers: Headers }) => {
    const [, used, max] =
      /^api-usage=(\d+)\/(\d+)$/.exec(answer.headers.get('sforce-limit-info') ?? '') ?? [];
    return [Number(used), Number(max)];
  };
  assert.equal(first.headers.get('content-type'), 'application/json;charset=UTF-8');
  assert.ok(Math.abs(Date.parse(first.headers.get('date') ?? '') - Date.now()) < 60_000);
  const [used = 0] = usage(first);
  assert.deepEqual(usage(second), [used + 1, 100_000]);
  const { DailyApiRequests } = first.json as { DailyApiRequests: object };
  assert.deepEqual(DailyApiRequests, { Max: 100_000, Remaining: 100_000 - used });
});

test('beyond the daily limit every request is refused with 403', async () => {
  await using poor = await startOrg({ records: 100, apiLimit: 2 });
  const statuses: number[] = [];
  for (let i = 0; i < 3; i++) statuses.push((await poor.request('GET', `${data}/limits`)).status);
  assert.deepEqual(statuses, [200, 200, 403]);
  const over = await poor.request('GET', `${data}/limits`);
  assert.deepEqual(over.json, [
    { message: 'TotalRequests Limit exceeded.', errorCode: 'REQUEST_LIMIT_EXCEEDED' },
  ]);
});

test('a large answer is compressed when asked for, a small one is not', async () => {
  const headers = { 'Accept-Encoding': 'gzip' };
  const large = await org.request('GET', `${data}/sobjects/Account/describe`, { headers });
  assert.equal(large.headers.get('content-encoding'), 'gzip');
  assert.equal((large.json as { name: string }).name, 'Account');
  const small = await org.request('GET', `${data}/limits/recordCount`, { headers });
  assert.equal(small.headers.get('content-encoding'), null);
});

test('a compressed request is read', async () => {
  const answer = await fetch(`${org.url}${data}/sobjects/Account`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await org.token('demo')}`,
      'Content-Type': 'application/json',
      'Content-Encoding': 'gzip',
    },
    body: gzipSync('{"Name":"Packed"}'),
  });
  assert.equal(answer.status, 201);
});

test('a HEAD answers like a GET without its body', async () => {
  const answer = await org.request('HEAD', `${data}/limits`);
  assert.equal(answer.status, 200);
  assert.equal(answer.text, '');
});

test('a client that can only POST names PATCH in the URL', async () => {
  const created = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'x' } });
  const { id } = created.json as { id: string };
  const answer = await org.request('POST', `${data}/sobjects/Account/${id}?_HttpMethod=PATCH`, {
    body: { Name: 'y' },
  });
  assert.equal(answer.status, 204);
});

test('a wrong method, media type or JSON is refused in the array form', async () => {
  const cases: [
    method: string,
    path: string,
    body: string | undefined,
    type: string,
    status: number,
    code: string,
  ][] = [
    ['PUT', 'sobjects/Account', '{}', 'application/json', 405, 'METHOD_NOT_ALLOWED'],
    ['DELETE', 'limits', undefined, 'application/json', 405, 'METHOD_NOT_ALLOWED'],
    ['POST', 'sobjects/Account', '<x/>', 'text/xml', 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['POST', 'sobjects/Account', '{"Name":', 'application/json', 400, 'JSON_PARSER_ERROR'],
    ['POST', 'sobjects/Account', '', 'application/json', 400, 'JSON_PARSER_ERROR'],
    ['POST', 'sobjects/Account', '[1]', 'application/json', 400, 'JSON_PARSER_ERROR'],
    ['GET', 'nowhere', undefined, 'application/json', 404, 'NOT_FOUND'],
    ['GET', 'sobjects/%', undefined, 'application/json', 404, 'NOT_FOUND'],
  ];
  for (const [method, path, body, type, status, code] of cases) {
    const headers = { 'Content-Type': type };
    const answer = await org.request(method, `${data}/${path}`, { body, headers });
    assert.equal(answer.status, status, answer.text);
    assert.equal((answer.json as { errorCode: string }[])[0]?.errorCode, code);
  }
});

test('headers beyond 16 KB are refused with 431, a URL beyond it with 414', async () => {
  assert.equal(await raw(`GET / HTTP/1.1\r\nHost: x\r\nX-Long: ${'x'.repeat(17_000)}\r\n\r\n`), 431);
  assert.equal(await raw(`GET /${'x'.repeat(17_000)} HTTP/1.1\r\nHost: x\r\n\r\n`), 414);
  assert.equal(await raw('this is not HTTP\r\n\r\n'), 400);
});

test('a body that is too large is answered with 413 while it is still being sent, and the connection ends cleanly', async () => {
  const { hostname, port } = new URL(org.url);
  const token = await org.token('demo');
  const megabytes = 60;
  const socket = connect(Number(port), hostname);
  socket.setEncoding('latin1');
  const ended = once(socket, 'end'); // a reset connection is an error instead
  let answer = '';
  const answered = new Promise<void>((resolve) => {
    socket.on('data', (text: string) => {
      answer += text;
      if (answer.includes('REQUEST_ENTITY_TOO_LARGE')) resolve();
    });
  });
  socket.write(
    `POST ${data}/composite HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${token}\r\nContent-Length: ${megabytes * 2 ** 20}\r\n\r\n`,
  );
  const megabyte = Buffer.alloc(2 ** 20, ' ');
  for (let sent = 0; sent < megabytes - 1; sent++) socket.write(megabyte);
  await answered;
  socket.write(megabyte);
  await ended;
  assert.match(answer, /^HTTP\/1\.1 413 [^]*Connection: close/i);
});

test('a small body that decompresses to a large one is refused with 413 as well', async () => {
  const answer = await fetch(`${org.url}${data}/composite`, {
    method: 'POST',
    headers: {
      Authorization: `Bearer ${await org.token('demo')}`,
      'Content-Type': 'application/json',
      'Content-Encoding': 'gzip',
    },
    body: gzipSync(Buffer.alloc(51 * 2 ** 20, ' ')),
  });
  assert.equal(answer.status, 413);
});

test('requests under way are answered before the program ends', async () => {
  const created = await org.request('POST', `${data}/sobjects/Account`, { body: { Name: 'Slow' } });
  const { id } = created.json as { id: string };
  const waiting = sql`SELECT count(*) AS count FROM pg_locks WHERE NOT granted AND locktype = 'transactionid'`;
  const [answer, restarted] = await org.db.transaction(async (tx) => {
    await tx.query(sql`SELECT FROM org."Account" WHERE "Id" = ${id} FOR UPDATE`);
    const update = org.request('PATCH', `${data}/sobjects/Account/${id}`, { body: { Name: 'Done' } });
    while ((await org.db.query<{ count: number }>(waiting))[0]?.count === 0);
    return [update, org.restart()];
  });

  assert.equal((await answer).status, 204);
  await restarted;
});

/** Deletes, doubles, swaps or replaces a few characters. */
function mutate(text: string, random: Random): string {
  let mutated = text;
  for (let change = random.between(1, 3); change > 0; change--) {
    const at = random.between(0, mutated.length);
    const strange = random.pick([
      '',
      '\0',
      "'",
      '"',
      '%',
      '%00',
      '\\',
      '{',
      '[',
      '9'.repeat(40),
      '\ud800',
      'é',
      '()',
      '.',
      '-1',
      'null',
      ' ',
      '@{x.y}',
      ';',
      '?',
    ]);
    mutated =
      mutated.slice(0, at) + strange + mutated.slice(Math.min(mutated.length, at + random.between(0, 6)));
  }
  return mutated;
}

test('an API that the org does not serve is not found, with a session, with another kind of session, and without', async () => {
  const session = await org.token('demo');
  const apis = [
    ['POST', '/services/async/62.0/job', { 'X-SFDC-Session': session }],
    ['GET', '/services/async/62.0/job/750000000000001', { 'X-SFDC-Session': session }],
    ['POST', '/services/Soap/m/62.0', { 'Content-Type': 'text/xml', SOAPAction: '""' }],
    ['POST', '/services/Soap/s/62.0', { 'Content-Type': 'text/xml', SOAPAction: '""' }],
    ['GET', '/services/apexrest/anything', {}],
    ['GET', '/services/data/nothing', {}],
    ['GET', '/cometd/62.0', {}],
    ['GET', '/nothing', {}],
  ] as const;
  for (const [method, path, headers] of apis) {
    for (const token of [null, 'wrong', session]) {
      const { status, json } = await org.request(method, path, { token, headers });
      assert.deepEqual(
        [path, status, json],
        [path, 404, [{ message: 'The requested resource does not exist', errorCode: 'NOT_FOUND' }]],
      );
    }
  }
});

test('200 damaged requests are each answered, none with 500', async () => {
  const soql =
    "SELECT Id, Name FROM Account WHERE (Name LIKE 'A%' OR CreatedDate > 2020-01-01T00:00:00Z) AND NumberOfEmployees IN (1,2) ORDER BY Name DESC NULLS LAST LIMIT 5";
  const requests: [method: string, path: string, body?: string][] = [
    ['GET', `query?q=${encodeURIComponent(soql)}`],
    ['GET', 'sobjects/Account/001Hp000000000EIAQ?fields=Id,Name'],
    ['GET', 'sobjects/Account/describe'],
    [
      'POST',
      'sobjects/Contact',
      '{"LastName":"x","Birthdate":"2000-01-01","AccountId":"001Hp000000000EIAQ"}',
    ],
    [
      'POST',
      'sobjects/Invoice__c',
      '{"Paid_Amount__c":12.5,"Settings__c":{"a":[1,2]},"Cutoff_Time__c":"10:00:00Z"}',
    ],
    ['PATCH', 'sobjects/Account/External_Id__c/A-17', '{"Name":"x","NumberOfEmployees":5}'],
    ['GET', 'query/0r8Hp0000000001AAA-200'],
    ['GET', 'limits/recordCount?sObjects=Account,Lead'],
    [
      'POST',
      'composite',
      `{"allOrNone":false,"compositeRequest":[{"method":"GET","referenceId":"a","url":"${data}/query?q=${soql}"},{"method":"GET","referenceId":"b","url":"${data}/sobjects/Account/@{a.records[0].Id}"}]}`,
    ],
  ];
  await withSeed(20_261_124, async (random) => {
    for (let i = 0; i < 200; i++) {
      const [method, path, body] = random.pick(requests);
      const isBodyHit = body !== undefined && random.next() < 0.7;
      const sentPath = isBodyHit ? path : mutate(path, random).toWellFormed().replaceAll('\0', '%00');
      const sentBody = isBodyHit ? mutate(body, random) : body;
      const answer = await org.request(method, `${data}/${sentPath}`, { body: sentBody });
      assert.ok(answer.status !== 500, `${method} ${sentPath} ${sentBody ?? ''}`);
      assert.ok(!answer.text.includes('"httpStatusCode":500'), `${method} ${sentPath} ${sentBody ?? ''}`);
    }
  });
});
