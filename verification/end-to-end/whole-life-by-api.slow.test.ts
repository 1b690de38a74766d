/** The life of a sync by requests over https from another machine, as docs/api.md lists them, with what SQL shows. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import {
  before,
  isShutOut,
  nothingIsLeft,
  readerByItsOwner,
  readsAs,
  shown,
} from '@lockstep/harness/life-checks';
import { type LifeStep, lifeSteps } from '@lockstep/harness/life-steps';
import { type Life, type LifeAnswer, openLife, pictureOf, variablesOf } from '@lockstep/harness/whole-life';

type Check = (answer: LifeAnswer, life: Life) => unknown;
type Item = Record<string, unknown>;

/** The answer has this status, and contains these members. */
const answers =
  (status: number, members: object = {}): Check =>
  (answer) => {
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    assert.partialDeepStrictEqual(answer.body, members as Item);
  };
/** Its list has an item with these members. */
const lists =
  (members: object): Check =>
  ({ status, body }) => {
    assert.equal(status, 200, JSON.stringify(body));
    const { items = body.fields } = body as { items?: Item[] };
    const isThere = (item: Item) => Object.entries(members).every(([name, value]) => item[name] === value);
    assert.ok((items as Item[]).some(isThere), JSON.stringify(items));
  };
/** The work is begun, and done in time. */
const works =
  (result: object): Check =>
  async ({ status, body }, life) => {
    assert.equal(status, 202, JSON.stringify(body));
    for (let tries = 0; tries < 300; tries++) {
      const operation = (await life.ask('GET', `/operations/${String(body.id)}`)).body;
      if (operation.state === 'done') return assert.partialDeepStrictEqual(operation.result, result);
      assert.notEqual(operation.state, 'failed', JSON.stringify(operation));
      await systemClock.sleep(100);
    }
    assert.fail('the work is not done in time');
  };

const repaired = [{ sobject: 'Contact', kind: 'edited', rows: 1 }];

function checksOf(kind: Life['kind']): Readonly<Record<string, Check>> {
  let reader = '';
  const own = kind === 'own';
  return {
    try: answers(200, { objects: [{ sobject: 'Account', freshness: 'polled' }, { sobject: 'Contact' }] }),
    create: answers(201, { name: 'acme', flow: 'client credentials', mirror: { kind } }),
    copy: answers(200),
    check: answers(200, { is_healthy: true, reasons: [] }),
    'the org': answers(200, { daily_requests: { max: 100_000 } }),
    pace: answers(200, { interval_ms: 500, stop_at_percent: 80 }),
    'leave a field out': answers(200, { fields_left_out: ['Account.Description'] }),
    'take it in again': answers(200, { fields_left_out: [] }),
    pause: answers(200, { paused: true, state: 'paused' }),
    resume: answers(200, { paused: false }),
    async 'make a key pair'({ status, body }, { org }) {
      assert.equal(status, 201, JSON.stringify(body));
      await org.control('/signIn/app', {
        clientId: 'life-app',
        flows: ['jwt_bearer'],
        scopes: ['api'],
        certificatePem: body.certificate,
        approvedUsers: ['integration'],
      });
    },
    'list key pairs': lists({ name: 'acme' }),
    'replace the credential': answers(200, { flow: 'jwt bearer' }),
    'delete the key pair': answers(204),
    'change the API version': answers(200, { api_version: '62.0' }),
    'find objects': lists({ sobject: 'Lead', unreadable: null, is_chosen: false }),
    'see fields': lists({ field: 'LastName', state: 'mirrored' }),
    'add objects': answers(200, { objects: [{ sobject: 'Lead' }, { sobject: 'Opportunity' }] }),
    'remove an object': answers(202, { objects: ['Account', 'Contact', 'Opportunity'] }),
    'remove one, keep its table': answers(202, { objects: ['Account', 'Contact'] }),
    async 'make a login'(answer, life) {
      answers(own ? 403 : 201)(answer, life);
      const { lines, mirror_url } = answer.body as { lines: string[]; mirror_url: string };
      reader = own ? await readerByItsOwner(life, lines.join('\n')) : mirror_url;
      await readsAs(life, reader);
    },
    'list logins': lists({ name: 'reports' }),
    async 'drop the login'(answer, life) {
      answers(own ? 403 : 204)(answer, life);
      if (own) await life.own.owner.script((answer.body.lines as string[]).join('\n'));
      await isShutOut(reader);
    },
    'read all changes now': works({ objects: 2, skipped: [] }),
    'compare with Salesforce': works({ objects: 2, repairs: repaired }),
    query: answers(200, { columns: ['count'], is_cut: false }),
    'proxied requests': lists({ method: 'PATCH', object: 'Account', outcome: 'applied', status: 204 }),
    'requests spent': answers(200, { stop_at_percent: 80 }),
    freshness: answers(200),
    'what happened': lists({ kind: 'credential', event: 'replaced' }),
    'move the database': own
      ? answers(200, { name: 'acme', mirror: { kind } })
      : answers(422, { code: 'DB-28' }),
    async delete(answer, life) {
      answers(200)(answer, life);
      const { erases, keeps } = answer.body as { erases: string[]; keeps: string[] };
      assert.match(erases.join(), /the credential, the settings/);
      assert.match(
        keeps.join(),
        own ? /those of objects removed with their table kept/ : /everything in the org/,
      );
    },
    'who did it': lists({ who: 'key laptop', operation: 'deleteSync' }),
  };
}

/** Reads the events until the sync runs and each object is copied. */
async function untilLive({ apiUrl, apiKey }: Life, path: string): Promise<LifeAnswer> {
  const leave = new AbortController();
  const { body, status } = await fetch(`${apiUrl}/api/v1${path}`, {
    headers: { authorization: `Bearer ${apiKey}` },
    signal: AbortSignal.any([leave.signal, AbortSignal.timeout(60_000)]),
  });
  let text = '';
  for await (const part of body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += part;
    if (
      ['Account', 'Contact'].every((name) => new RegExp(`"sobject":"${name}".*"state":"current"`).test(text))
    )
      break;
  }
  leave.abort();
  return { status, body: {} };
}

async function runStep(life: Life, { name, method, path, body }: LifeStep, check: Check): Promise<void> {
  await before[name]?.(life);
  const filled = body === 'acme.json' ? JSON.stringify(life.newSync) : withVariables(body, life);
  const given = filled === '' ? undefined : filled;
  const isTried = method !== 'GET' && !/^\/(jwt-keys|syncs\?)|\/(operations|query)$|\/readers\//.test(path);
  if (isTried && name !== 'create') await isOnlyTried(life, method, path, given);
  const isStream = path.endsWith('/events');
  await check(isStream ? await untilLive(life, path) : await life.ask(method, path, given), life);
  await shown[name]?.(life);
}

const withVariables = (body: string, life: Life): string =>
  Object.entries(variablesOf(life)).reduce((text, [name, value]) => text.replace(`$${name}`, value), body);

/** A dry run answers as the change would, or refuses it, and changes nothing. */
async function isOnlyTried(
  life: Life,
  method: string,
  path: string,
  body: string | undefined,
): Promise<void> {
  const was = await pictureOf(life);
  const { status, body: answer } = await life.ask(
    method,
    `${path}${path.includes('?') ? '&' : '?'}dry_run=true`,
    body,
  );
  assert.ok([200, 400, 403, 422].includes(status), JSON.stringify(answer));
  assert.deepEqual(await pictureOf(life), was, `${method} ${path}`);
}

for (const kind of ['private', 'own'] as const)
  test(`from its creation to its deletion by the API alone, the database being ${kind}`, async () => {
    await using life = await openLife(kind);
    const checks = checksOf(kind);
    const steps = lifeSteps();
    const names = steps.map(({ name }) => name);
    assert.deepEqual([Object.keys(checks), Object.keys(shown)], [names, names], 'each step has its checks');
    let sync: Record<string, unknown> = {};
    for (const step of steps) {
      const { name } = step;
      if (name === 'delete') sync = (await life.ask('GET', '/syncs/acme')).body;
      await runStep(life, step, checks[name] ?? assert.fail).catch((cause: unknown) => {
        throw new Error(`at the step ${name}: ${String(cause)}`, { cause });
      });
    }
    await nothingIsLeft(life, sync);
  });
