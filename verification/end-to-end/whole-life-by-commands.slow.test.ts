/** The life of a sync by the commands of another machine, as docs/api.md lists them, with what SQL shows after each. */
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ExitResult, Running } from '@lockstep/harness/cli-process';
import {
  before,
  isShutOut,
  nothingIsLeft,
  readerByItsOwner,
  readsAs,
  shown,
} from '@lockstep/harness/life-checks';
import { type LifeStep, lifeSteps } from '@lockstep/harness/life-steps';
import { type Life, openLife, pictureOf } from '@lockstep/harness/whole-life';

type Check = (answer: ExitResult, life: Life) => unknown;

/** What a command has to print, on either stream. */
const prints =
  (...patterns: RegExp[]): Check =>
  ({ code, stdout, stderr }) => {
    assert.equal(code, 0, stdout + stderr);
    for (const pattern of patterns) assert.match(stdout + stderr, pattern);
  };

/** Those of the page that can be tried. */
const hasDryRun = /^lockstep (sync (set|reauth|delete)|objects (add|remove)|reader create|db set) /;

function checksOf(kind: Life['kind']): Readonly<Record<string, Check>> {
  let reader = '';
  const own = kind === 'own';
  return {
    try: prints(/Signed in as/, /Nothing was made/, /^Account +Account +account +\d+ +polled$/m),
    create: prints(/^acme {2}\w+$/m, /^ {2}http:\/\/\S+$/m, /lockstep watch --sync acme/),
    copy: prints(/^acme is live\.$/m),
    check: prints(/^acme {2}/m, /^Account +\S/m),
    'the org': prints(/Edition/, /Signed in as/),
    pace: prints(/one request every 0.5 s = at most 172,800 requests a day.* 80 %/),
    'leave a field out': prints(/fields left out: Account\.Description\./),
    'take it in again': prints(/no field is left out\./),
    pause: prints(/acme is paused\. To resume it: \S*lockstep sync resume --sync acme/),
    resume: prints(/acme is resumed/),
    async 'make a key pair'({ stdout, stderr }, { org }) {
      assert.match(stderr, /Upload this certificate/);
      await org.control('/signIn/app', {
        clientId: 'life-app',
        flows: ['jwt_bearer'],
        scopes: ['api'],
        certificatePem: stdout,
        approvedUsers: ['integration'],
      });
    },
    'list key pairs': prints(/^NAME +CREATED +CERTIFICATE EXPIRES\nacme +\d{4}-/m),
    'replace the credential': prints(/acme signs in with it from now on \(jwt bearer\)/),
    'delete the key pair': prints(/acme is deleted\. Syncs that were created with it keep working/),
    'change the API version': prints(/it speaks API version 62\.0/),
    'find objects': prints(/^Lead +Lead +\d+ /m),
    'see fields': prints(/^FIELD +LABEL +TYPE +COLUMN +NOTE$/m, /^LastName +\S.* text/m),
    'add objects': prints(/^Lead +Lead +lead /m, /^Opportunity /m, /The sync copies them now/),
    'remove an object': prints(/acme does not mirror Lead any more; its table is dropped/),
    'remove one, keep its table': prints(
      /acme does not mirror Opportunity any more; its table stays as it is/,
    ),
    async 'make a login'(answer, life) {
      reader = own ? await readerByItsOwner(life, statementsIn(answer)) : readerIn(answer);
      await readsAs(life, reader);
    },
    'list logins': prints(/^reports +lockstep_\w+_ro_reports$/m),
    async 'drop the login'(answer, life) {
      if (own) await life.own.owner.script(statementsIn(answer));
      else assert.equal(answer.code, 0, answer.stderr);
      await isShutOut(reader);
    },
    'read all changes now': prints(/^acme: 2 objects show everything committed before the call, after /m),
    'compare with Salesforce': prints(
      /^acme: verify content of 2 objects took .*; differences were repaired\.$/m,
    ),
    query: prints(/^count\n\d+\n/m, /\(1 row\)/),
    'proxied requests': prints(/^\S.* PATCH +Account +001\w{15} +applied +204 /m, /In 24 hours \d+ requests/),
    'requests spent': prints(/^poll +\d+ +\d+$/m, /The org has used/),
    freshness: prints(/^Account |No sample/m),
    'what happened': prints(/credential/, /paused/),
    'move the database': (answer, life) =>
      own
        ? prints(/acme goes on there: postgres:/)(answer, life)
        : assert.match(answer.stderr, /^error DB-28: /m),
    delete: prints(/acme: this erases\n {2}- .*and keeps\n {2}- /s, /acme is deleted/),
    'who did it': prints(/key laptop .* createSync +acme/, /deleteSync +acme/, /replaceCredential +acme/),
  };
}

/** For the owner of a database: the lines of a refusal that are no words of the command. */
function statementsIn({ code, stderr }: ExitResult): string {
  assert.equal(code, 5, stderr);
  const statements = stderr.split('\n').filter((line) => /^\s*(CREATE|ALTER|GRANT|DROP|REVOKE)\b/.test(line));
  assert.ok(statements.length > 0, stderr);
  return statements.join('\n');
}

/** The address in a line for psql. */
function readerIn({ code, stdout, stderr }: ExitResult): string {
  assert.equal(code, 0, stderr);
  const [, password = '', url = ''] = /^PGPASSWORD='(\w+)' psql '(\S+)'$/m.exec(stdout) ?? [];
  return Object.assign(new URL(url), { password }).href;
}

async function logIn({ cli, apiUrl, apiKey }: Life): Promise<void> {
  const key = join(cli.folder, 'key');
  await writeFile(key, apiKey);
  const login = await cli.run(['login', apiUrl, '--key-file', key]);
  assert.equal(login.code, 0, login.stderr);
}

/** The files that the commands name, in the folder in which they run. */
async function writeFiles({ cli, org, own, newSync }: Life): Promise<void> {
  await writeFile(join(cli.folder, 'acme.json'), JSON.stringify(newSync));
  await writeFile(join(cli.folder, 'secret'), org.credentials.integration.clientSecret);
  await writeFile(join(cli.folder, 'crm-urls'), `${own.url}\n${own.readerUrl}\n`);
}

/** What the file says, as flags. */
const asFlags = ({ org }: Life): string =>
  [
    `--org ${org.url} --name acme --objects Account,Contact --every 0.25s`,
    `--client-id ${org.credentials.integration.clientId} --client-secret-file secret`,
  ].join(' ');

async function runStep(life: Life, step: LifeStep, check: Check): Promise<void> {
  const { name } = step;
  const byFlags = life.kind === 'private' ? asFlags(life) : '--file acme.json';
  const command = step.command.replace('--file acme.json', byFlags).replace('Opportunity', 'opportunity'); // the names of objects are taken in any letter case
  await before[name]?.(life);
  await writeFiles(life);
  if (hasDryRun.test(command)) await isOnlyTried(life, command);
  await check(await life.cli.shell(command), life);
  await shown[name]?.(life);
}

/** With `--dry-run` a command says what it would do, or refuse, and changes nothing. */
async function isOnlyTried(life: Life, command: string): Promise<void> {
  const was = await pictureOf(life);
  const { stdout, stderr } = await life.cli.shell(`${command} --dry-run`);
  assert.match(stdout + stderr, /Nothing was (made|changed|removed|replaced)|^error|this erases/m);
  assert.deepEqual(await pictureOf(life), was, command);
}

/** Prints what happens meanwhile. */
const follow = ({ cli }: Life): Promise<Running> => cli.start(['activity', '--follow'], 'at https://');

for (const kind of ['private', 'own'] as const)
  test(`from its creation to its deletion by commands alone, the database being ${kind}`, async () => {
    await using life = await openLife(kind);
    await logIn(life);
    const checks = checksOf(kind);
    const steps = lifeSteps();
    const names = steps.map(({ name }) => name);
    assert.deepEqual([Object.keys(checks), Object.keys(shown)], [names, names], 'each step has its checks');
    let followed: Running | undefined;
    let sync: Record<string, unknown> = {};
    for (const step of steps) {
      const { name } = step;
      if (name === 'delete') sync = (await life.ask('GET', '/syncs/acme')).body;
      await runStep(life, step, checks[name] ?? assert.fail).catch((cause: unknown) => {
        throw new Error(`at the step ${name}: ${String(cause)}`, { cause });
      });
      if (name === 'copy') followed = await follow(life);
    }
    await nothingIsLeft(life, sync);
    const told = await followed?.ended;
    assert.match(
      told?.stdout ?? '',
      /Account is current\n(.*\n)*.*The sync is paused.*\n.*The sync is resumed.*\n.*The credential was replaced/,
    );
    assert.deepEqual(
      [told?.code, /error: acme was deleted/.test(told?.stderr ?? '')],
      [4, true],
      told?.stderr,
    );
  });
