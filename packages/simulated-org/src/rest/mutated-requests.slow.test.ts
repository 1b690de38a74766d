import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { startOrg } from '@lockstep/harness/org';
import { withSeed } from '@lockstep/harness/property';
import { type Answered, sendMutated } from './test-mutated-requests.ts';
import type { Mutated } from './test-mutations.ts';

/** TEST_MUTATED_REQUESTS=10000 sends more of them, TEST_SEED=7 others. */
const count = Number(process.env.TEST_MUTATED_REQUESTS ?? 2000);

const org = await startOrg({ records: 1000, apiLimit: 1_000_000 });
after(() => org[Symbol.asyncDispose]());

const data = '/services/data/v62.0';

async function idOf(sobject: string): Promise<string> {
  const { json } = await org.request('GET', `${data}/query?q=SELECT+Id+FROM+${sobject}+LIMIT+1`);
  return (json as { records: { Id: string }[] }).records[0]?.Id ?? assert.fail(`the org has a ${sobject}`);
}

/** What every answer must be, whatever the request. */
function isSound(request: Mutated, { status, contentType, body }: Answered): void {
  const told = `${JSON.stringify(request).slice(0, 2000)} was answered by ${status} ${body.slice(0, 500)}`;
  assert.ok(status !== 0 || 'Transfer-Encoding' in request.headers, told);
  // A SOAP fault has status 500, whoever made the mistake.
  const isSoapFault = body.includes('<soapenv:Fault>') && !body.includes('UNKNOWN_EXCEPTION');
  assert.ok(status < 500 || status === 501 || status === 505 || isSoapFault, told);
  if (status < 400 || !contentType.startsWith('application/json') || body === '') return;
  const errors = JSON.parse(body) as unknown;
  if (!request.path.startsWith('/services/data') || /\/(tree|graph)/.test(request.path)) return;
  assert.ok(Array.isArray(errors) && errors.every(({ errorCode, message }) => errorCode && message), told);
  assert.doesNotMatch(body, /\n\s+at /, told);
}

test(`${count} requests with something wrong in them are answered as Salesforce does`, async () => {
  const { json } = await org.request('POST', `${data}/jobs/ingest`, {
    body: { object: 'Lead', operation: 'insert', contentType: 'CSV', lineEnding: 'LF' },
  });
  const ids = {
    Account: await idOf('Account'),
    Contact: await idOf('Contact'),
    Lead: await idOf('Lead'),
    Folder: await idOf('Folder'),
    Document: await idOf('Document'),
    job: (json as { id: string }).id,
  };
  await withSeed(1, (random) => sendMutated(org, ids, { count, random }, isSound));
  const { status } = await org.request('GET', `${data}/limits`);
  assert.equal(status, 200);
});
