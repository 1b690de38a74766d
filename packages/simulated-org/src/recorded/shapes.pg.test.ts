import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseExact } from '@lockstep/foundation/exact-json';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { noRecordings, readRecorded, recordedFiles } from '@lockstep/harness/recorded-fixtures';
import { postForm, refreshing, webTokens } from '@lockstep/harness/sign-in';
import { sourceFiles } from '@lockstep/harness/source-files';
import { type Comparison, differences } from './test-comparison.ts';
import { fileVerdicts } from './test-verdicts.ts';

/**
 * Answers that a client's authors modelled on Salesforce's: their form and texts are right, their values invented.
 */
const org = noRecordings ? undefined : await startOrg({ records: 100 });
after(() => org?.[Symbol.asyncDispose]());
const skip = noRecordings;

const data = '/services/data/v62.0';
const exact: Comparison = { isKnownId: () => true };
const shape: Comparison = { ...exact, isShape: true };
/** Newer answers have more keys. */
const part: Comparison = { ...shape, isCut: true };

interface Case {
  file: string;
  how: Comparison;
  status: number;
  ask: (there: TestOrg) => Promise<{ status: number; text: string }>;
  replaced?: Record<string, string>;
}

const get = (path: string) => (there: TestOrg) => there.request('GET', `${data}${path}`);
const send = (method: string, path: string, body?: unknown) => (there: TestOrg) =>
  there.request(method, `${data}${path}`, { body });
const lastHour = () => {
  const at = (ms: number) => encodeURIComponent(new Date(ms).toISOString());
  return `start=${at(Date.now() - 3_600_000)}&end=${at(Date.now())}`;
};
const signIn = (form: (there: TestOrg) => Record<string, string>) => async (there: TestOrg) => {
  const { clientId, clientSecret } = there.credentials.demo;
  const body = new URLSearchParams({ client_id: clientId, client_secret: clientSecret, ...form(there) });
  const answer = await fetch(`${there.url}/services/oauth2/token`, { method: 'POST', body });
  return { status: answer.status, text: await answer.text() };
};
const password = ({ credentials: { demo } }: TestOrg) => ({
  grant_type: 'password',
  username: demo.username,
  password: demo.password,
});

const answers: readonly Case[] = [
  {
    file: 'query/restforce-org_query_response.json',
    how: shape,
    status: 200,
    ask: get('/query?q=SELECT+Id+FROM+Organization'),
  },
  {
    file: 'query/restforce-create_success_response.json',
    how: shape,
    status: 201,
    ask: send('POST', '/sobjects/Account', { Name: 'Whizbang' }),
  },
  {
    file: 'query/restforce-upsert_created_success_response.json',
    how: part,
    status: 201,
    ask: send('PATCH', '/sobjects/Account/External_Id__c/whizbang', { Name: 'Whizbang' }),
  },
  {
    file: 'query/restforce-describe_sobjects_success_response.json',
    how: part,
    status: 200,
    ask: get('/sobjects'),
  },
  {
    file: 'query/restforce-list_sobjects_success_response.json',
    how: part,
    status: 200,
    ask: get('/sobjects'),
  },
  {
    file: 'query/restforce-get_updated_success_response.json',
    how: shape,
    status: 200,
    ask: get(`/sobjects/Account/updated/?${lastHour()}`),
  },
  {
    file: 'query/restforce-get_deleted_success_response.json',
    how: shape,
    status: 200,
    ask: get(`/sobjects/Account/deleted/?${lastHour()}`),
  },
  {
    file: 'query/restforce-query_aggregate_success_response.json',
    how: shape,
    status: 200,
    ask: get('/query?q=SELECT+CampaignId,SUM(Amount)+FROM+Opportunity+GROUP+BY+CampaignId'),
  },
  {
    file: 'query/restforce-query_empty_response.json',
    how: exact,
    status: 200,
    ask: get("/query?q=SELECT+Id+FROM+Account+WHERE+Name='None'"),
  },
  {
    file: 'query/restforce-services_data_success_response.json',
    how: shape,
    status: 200,
    ask: (there) => there.request('GET', '/services/data'),
  },
];

const errors: readonly Case[] = [
  {
    file: 'errors/restforce-delete_error_response.json',
    how: exact,
    status: 404,
    ask: send('DELETE', '/sobjects/Invoice__c/rid'),
  },
  {
    file: 'errors/restforce-expired_session_response.json',
    how: exact,
    status: 401,
    ask: (there) => there.request('GET', `${data}/sobjects`, { token: 'expired' }),
  },
  {
    file: 'errors/restforce-query_error_response.json',
    how: shape,
    status: 400,
    ask: get('/query?q=SELECT+Nope+FROM+Account'),
  },
  {
    file: 'errors/restforce-sobject_describe_error_response.json',
    how: exact,
    status: 404,
    ask: get('/sobjects/Whizbang/describe'),
  },
  {
    file: 'errors/restforce-sobject_find_error_response.json',
    how: exact,
    status: 404,
    ask: get('/sobjects/Invoice__c/23foo'),
  },
  {
    file: 'errors/restforce-upsert_error_response.json',
    how: exact,
    status: 404,
    ask: send('PATCH', '/sobjects/Invoice__c/Namez/1', { Name: 'x' }),
  },
  {
    file: 'errors/restforce-write_error_response.json',
    how: exact,
    status: 400,
    ask: send('POST', '/sobjects/Invoice__c', { foo: 'bar' }),
    replaced: { Bar: 'Invoice__c' },
  },
  // Newer orgs do not say whether the user or the password was wrong.
  {
    file: 'errors/restforce-auth_error_response.json',
    how: exact,
    status: 400,
    ask: signIn((there) => ({ ...password(there), password: 'wrong' })),
    replaced: { ' - Invalid Password': '' },
  },
  {
    file: 'errors/restforce-refresh_error_response.json',
    how: exact,
    status: 400,
    ask: signIn(() => ({ grant_type: 'refresh_token', refresh_token: 'gone' })),
  },
];

async function differencesOf({ file, how, status, ask, replaced = {} }: Case): Promise<string[]> {
  assert(org);
  const given = await ask(org);
  if (given.status !== status) return [`${file}: status ${given.status} ${given.text.slice(0, 200)}`];
  return differences(readRecorded(file, replaced), parseExact(given.text), how, file);
}

const allDifferences = async (cases: readonly Case[]): Promise<string[]> =>
  (await Promise.all(cases.map(differencesOf))).flat();

test('answers have the form of a client’s recordings', { skip }, async () => {
  assert.deepEqual(await allDifferences(answers), []);
});

test('errors have the status, code and text of a client’s recordings', { skip }, async () => {
  assert.deepEqual(await allDifferences(errors), []);
});

test('an external id that several records share is answered with their URLs', { skip }, async () => {
  assert(org);
  for (const LastName of ['One', 'Two'])
    await org.request('POST', `${data}/sobjects/Contact`, { body: { LastName, Legacy_Number__c: 'W' } });
  const { status, text } = await org.request('PATCH', `${data}/sobjects/Contact/Legacy_Number__c/W`, {
    body: { LastName: 'Three' },
  });
  assert.equal(status, 300);
  const recorded = readRecorded('errors/restforce-upsert_multiple_error_response.json');
  const form = (value: unknown) =>
    (value as string[]).map((url) => url.replace(/v\d+\.0\/sobjects\/\w+\/\w+$/, '<record>'));
  assert.deepEqual(form(parseExact(text)), form(recorded));
});

test('a sign-in and its renewal are answered as in a client’s recordings', { skip }, async () => {
  assert(org);
  const signedIn = parseExact((await signIn(password)(org)).text);
  assert.deepEqual(
    differences(readRecorded('errors/restforce-auth_success_response.json'), signedIn, part),
    [],
  );
  const { refresh_token: refreshToken } = await webTokens(org);
  const { text } = await postForm(org, '/services/oauth2/token', refreshing(org, refreshToken));
  const renewals = [
    'errors/restforce-refresh_success_response.json',
    'errors/restforce-reauth_success_response.json',
  ];
  for (const file of renewals)
    assert.deepEqual(differences(readRecorded(file), parseExact(text), part, file), []);
});

/** Names of limits that Salesforce has changed or dropped since. */
const formerLimits: Record<string, string> = {
  DailyBulkApiRequests: 'DailyBulkApiBatches today',
};

/** Limits of which the recorded org had used some. */
const usedLimits = ['DailyApiRequests', 'HourlyODataCallout'];

test('a Developer org’s limits are reported, except those that Salesforce has dropped', {
  skip,
}, async () => {
  assert(org);
  const recorded = readRecorded('limits/camel-limits-devedition-2016ish.json') as Record<string, unknown>;
  const given = parseExact((await org.request('GET', `${data}/limits`)).text) as Record<string, unknown>;
  const missing = Object.keys(recorded).filter((name) => !(name in given) && !(name in formerLimits));
  assert.deepEqual(missing, []);
  const shared = Object.keys(recorded).filter((name) => name in given && !usedLimits.includes(name));
  const pick = (from: Record<string, unknown>) =>
    Object.fromEntries(shared.map((name) => [name, from[name]]));
  assert.deepEqual(differences(pick(recorded), pick(given), exact), []);
});

/** Codes that are not in the SOAP API's lists. */
const otherCodes = [
  // REST API.
  'NOT_FOUND',
  'METHOD_NOT_ALLOWED',
  'JSON_PARSER_ERROR',
  'UNSUPPORTED_MEDIA_TYPE',
  // Bulk API.
  'INVALIDENTITY',
  'INVALIDJOB',
  'INVALIDJOBSTATE',
  'API_ERROR',
  'FEATURENOTENABLED',
  // The statuses are documented; no recording shows the codes.
  'API_VERSION_MISMATCH',
  'PRECONDITION_FAILED',
  'TOO_MANY_REQUESTS',
  'REQUEST_ENTITY_TOO_LARGE',
];

test('every error code of the simulated org is one of Salesforce’s', { skip }, () => {
  const { StatusCode, ExceptionCode } = readRecorded('errors/partner-wsdl-47-enums.json') as {
    StatusCode: string[];
    ExceptionCode: string[];
  };
  const codes = new Set([...StatusCode, ...ExceptionCode, ...otherCodes]);
  const used = sourceFiles('packages/simulated-org/src')
    .filter(({ path }) => !path.endsWith('.test.ts'))
    .flatMap(({ path, text }) =>
      [...text.matchAll(/(?:refused\(|new OrgError\(\s*\d+,|new SoqlError\()\s*'([A-Z_]+)'/g)].map(
        ([, code = '']) => ({ path, code }),
      ),
    );
  assert.ok(used.length > 20);
  assert.deepEqual(
    used.filter(({ code }) => !codes.has(code)),
    [],
  );
});

test('every recorded file is compared, or left out for a reason', { skip }, () => {
  const tests = sourceFiles('packages/simulated-org/src/recorded', 'packages/lockstep/src/core');
  const named = (file: string) => tests.some(({ text }) => text.includes(`'${file}'`));
  const unknown = recordedFiles().filter((file) => {
    const verdict = fileVerdicts.find(({ files }) => files.test(file))?.verdict;
    return verdict === undefined || (verdict === 'compared by form' && !named(file));
  });
  assert.deepEqual(unknown, []);
});
