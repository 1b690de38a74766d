import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { type EmbeddedPostgres, startEmbedded } from './embedded.ts';
import { removeEmbedded } from './embedded-files.ts';

const isRoot = process.getuid?.() === 0;

/** A data directory whose name has a space; removed at the end with any server that the test has left running. */
async function newDataDir(t: TestContext): Promise<string> {
  const dataDir = join(await mkdtemp(join(tmpdir(), 'lockstep embedded ')), 'data');
  await chmod(dirname(dataDir), 0o711);
  t.after(async () => {
    await killServer(dataDir);
    await removeEmbedded(dataDir);
    await removeEmbedded(dirname(dataDir));
  });
  return dataDir;
}

async function serverPid(dataDir: string): Promise<number | undefined> {
  const place = await readFile(join(dataDir, 'postgres-place'), 'utf8').catch(() => dataDir);
  const pidFile = await readFile(join(place.trim(), 'postgres', 'postmaster.pid'), 'utf8').catch(() => '');
  return Number(pidFile.split('\n')[0]) || undefined;
}

async function killServer(dataDir: string): Promise<void> {
  const pid = await serverPid(dataDir);
  if (pid !== undefined && isRunning(pid)) process.kill(pid, 'SIGKILL');
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function ask<Row>(url: string, statement: ReturnType<typeof sql>): Promise<Row[]> {
  const database = openDatabase({ url, applicationName: 'test', connectionsMax: 1 });
  try {
    return await database.query<Row>(statement);
  } finally {
    await database.end();
  }
}

interface Starter {
  child: ChildProcess;
  port: number;
  adopted: boolean;
}

/** Another process, which starts the server, stays until its input ends, and then leaves. */
async function startElsewhere(dataDir: string, user: { uid?: number; gid?: number } = {}): Promise<Starter> {
  const module = new URL('embedded.ts', import.meta.url).href;
  const program = `
    const { startEmbedded } = await import(${JSON.stringify(module)});
    const server = await startEmbedded({ dataDir: ${JSON.stringify(dataDir)}, preferredPort: 0 });
    console.log(JSON.stringify({ port: server.port, adopted: server.adopted }));
    for await (const chunk of process.stdin);
    await server.leave();`;
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/', ...user });
  const lines = createInterface({ input: child.stdout });
  for await (const line of lines)
    return { child, ...(JSON.parse(line) as { port: number; adopted: boolean }) };
  throw new Error('the starter ended without an answer');
}

const start = (dataDir: string): Promise<EmbeddedPostgres> => startEmbedded({ dataDir, preferredPort: 0 });

test('a first start creates a server that answers, keeps its data and demands a password from everybody', async (t) => {
  const dataDir = await newDataDir(t);
  const first = await start(dataDir);
  assert.equal(first.adopted, false);
  const locale = await ask(
    first.url,
    sql`SELECT lower('É') AS lower, current_setting('server_encoding') AS encoding`,
  );
  assert.deepEqual(locale, [{ lower: 'é', encoding: 'UTF8' }]);
  const rules = await ask(first.url, sql`SELECT DISTINCT auth_method FROM pg_hba_file_rules`);
  assert.deepEqual(rules, [{ auth_method: 'scram-sha-256' }]);
  await assert.rejects(ask(databaseUrl(first.url, { password: 'wrong' }), sql`SELECT 1`), { code: '28P01' });
  assert.equal((await stat(join(dataDir, 'postgres-password'))).mode & 0o777, 0o600);
  assert.equal((await stat(join(dataDir, 'postgres'))).mode & 0o777, 0o700);
  assert.equal((await stat(dataDir)).mode & 0o007, 0);

  await ask(first.url, sql`CREATE TABLE public.kept AS SELECT 'still here' AS word`);
  await ask(first.url, sql`CREATE ROLE visitor LOGIN PASSWORD 'visitor'`);
  for (const database of ['postgres', 'template1']) {
    const asVisitor = databaseUrl(first.url, { database, user: 'visitor', password: 'visitor' });
    await assert.rejects(ask(asVisitor, sql`SELECT 1`), { code: '42501' });
  }
  await first.leave();
  assert.equal(await serverPid(dataDir), undefined);

  const second = await start(dataDir);
  assert.deepEqual(await ask(second.url, sql`SELECT word FROM public.kept`), [{ word: 'still here' }]);
  await second.leave();
});

test("the server's log contains no value of a failed statement", async (t) => {
  const dataDir = await newDataDir(t);
  const server = await start(dataDir);
  const canary = 'canary-93f1';
  await assert.rejects(ask(server.url, sql`SELECT ${canary}::int`), { code: '22P02' });
  await ask(server.url, sql`CREATE TABLE public.one (word text PRIMARY KEY)`);
  const insert = sql`INSERT INTO public.one VALUES (${canary})`;
  await ask(server.url, insert);
  await assert.rejects(ask(server.url, insert), { code: '23505' });
  await assert.rejects(ask(databaseUrl(server.url, { user: 'nobody' }), insert), { code: '28P01' });
  await server.leave();

  const log = await readFile(join(dataDir, 'postgres.log'), 'utf8');
  assert.match(log, /FATAL/); // from the refused login, so this is the right file
  assert.doesNotMatch(log, /canary/);
});

test('a server whose starter was killed is adopted, and the last process to leave stops it', async (t) => {
  const dataDir = await newDataDir(t);
  const starter = await startElsewhere(dataDir);
  const pid = await serverPid(dataDir);
  starter.child.kill('SIGKILL');
  await once(starter.child, 'exit');

  const adopter = await start(dataDir);
  assert.equal(adopter.adopted, true);
  assert.equal(adopter.port, starter.port);
  assert.equal(await serverPid(dataDir), pid);

  const other = await startElsewhere(dataDir);
  assert.equal(other.adopted, true);
  await adopter.leave();
  assert.equal(await serverPid(dataDir), pid);
  other.child.stdin?.end();
  await once(other.child, 'exit');
  assert.equal(await serverPid(dataDir), undefined);
});

test('after the server recovers from a crash, the first process to leave does not stop it for others', async (t) => {
  const dataDir = await newDataDir(t);
  const server = await start(dataDir);
  const other = await startElsewhere(dataDir);
  const victims = sql`SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND mode = 'ShareLock'`;
  const [victim] = await ask<{ pid: number }>(server.url, victims);
  process.kill(victim?.pid ?? 0, 'SIGKILL');

  let present = 0;
  const giveUpAt = Date.now() + 20_000;
  while (present !== 2 && Date.now() < giveUpAt) {
    const rows = await ask(server.url, sql`${victims} AND pg_sleep(0.05) IS NOT NULL`).catch(() => []);
    present = rows.length;
  }
  assert.equal(present, 2);
  await server.leave();
  assert.deepEqual(await ask(server.url, sql`SELECT 1 AS one`), [{ one: 1 }]);
  other.child.stdin?.end();
  await once(other.child, 'exit');
  assert.equal(await serverPid(dataDir), undefined);
});

test('a process that uses a killed server starts it again on its port, and the last to leave stops it', async (t) => {
  const dataDir = await newDataDir(t);
  const restarted = Promise.withResolvers<number>();
  const onRestart = restarted.resolve;
  const server = await startEmbedded({ dataDir, preferredPort: 0, onRestart });
  await ask(server.url, sql`CREATE TABLE public.kept AS SELECT 1 AS one`);
  const pid = await serverPid(dataDir);
  await killServer(dataDir);
  assert.equal(await Promise.race([restarted.promise, server.lost]), server.port);
  assert.notEqual(await serverPid(dataDir), pid);
  assert.deepEqual(await ask(server.url, sql`SELECT one FROM public.kept`), [{ one: 1 }]);
  await server.leave();
  assert.equal(await serverPid(dataDir), undefined);
});

test('a server whose files are gone is lost, and no empty one takes its place', async (t) => {
  const dataDir = await newDataDir(t);
  const server = await start(dataDir);
  const pid = (await serverPid(dataDir)) ?? 0;
  await rename(join(dataDir, 'postgres'), join(dataDir, 'elsewhere'));
  process.kill(pid, 'SIGKILL');
  await assert.rejects(server.lost, { code: 'SYS-10' });
  await assert.rejects(stat(join(dataDir, 'postgres')), { code: 'ENOENT' });
  await server.leave();
});

test('two processes that start at once share one server', async (t) => {
  const dataDir = await newDataDir(t);
  const [here, there] = await Promise.all([start(dataDir), startElsewhere(dataDir)]);
  assert.equal(here.port, there.port);
  assert.notEqual(here.adopted, there.adopted);
  there.child.stdin?.end();
  await Promise.all([once(there.child, 'exit'), here.leave()]);
  assert.equal(await serverPid(dataDir), undefined);
});

test('a killed server recovers at the next start, even if its pid now belongs to another program', async (t) => {
  const dataDir = await newDataDir(t);
  const first = await start(dataDir);
  await ask(first.url, sql`CREATE TABLE public.kept AS SELECT 1 AS one`);
  await killServer(dataDir);
  await first.leave();
  const pidFile = join(dataDir, 'postgres', 'postmaster.pid');
  await writeFile(pidFile, (await readFile(pidFile, 'utf8')).replace(/^\d+/, String(process.pid)));
  await writeFile(join(dataDir, 'postgres-start.lock'), `${process.pid} of an earlier boot`);

  const second = await start(dataDir);
  assert.equal(second.adopted, false);
  assert.deepEqual(await ask(second.url, sql`SELECT one FROM public.kept`), [{ one: 1 }]);
  await second.leave();
});

test('a port that is taken is skipped, and the user is told', async (t) => {
  const [dataDir, otherDir] = [await newDataDir(t), await newDataDir(t)];
  const first = await start(dataDir);
  const said: string[] = [];
  const second = await startEmbedded({
    dataDir: otherDir,
    preferredPort: first.port,
    say: (line) => said.push(line),
  });
  assert.notEqual(second.port, first.port);
  assert.match(said.join('\n'), new RegExp(`127.0.0.1:${second.port}, because ${first.port} is taken`));
  await Promise.all([first.leave(), second.leave()]);
});

test('on another address only the readers of mirrors can log in', async (t) => {
  const here = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  const address = here.find(({ family, internal }) => family === 'IPv4' && !internal)?.address;
  if (address === undefined) return t.skip('this machine has no address but its own loopback');
  const dataDir = await newDataDir(t);
  const closed = await start(dataDir);
  const fromElsewhere = (url: string, user?: string) => {
    const elsewhere = new URL(user === undefined ? url : databaseUrl(url, { user, password: 'secret' }));
    elsewhere.hostname = address;
    elsewhere.searchParams.set('sslmode', 'disable');
    return ask<{ login: string }>(elsewhere.href, sql`SELECT current_user::text AS login`);
  };
  await assert.rejects(fromElsewhere(closed.url), { code: 'ECONNREFUSED' });
  await closed.leave();

  for (const host of [address, '0.0.0.0']) {
    const server = await startEmbedded({ dataDir, preferredPort: 0, host });
    const [reader, writer] = [`lockstep_s${'a2'.repeat(13)}_ro`, `lockstep_s${'a2'.repeat(13)}_writer`];
    for (const role of [reader, writer]) {
      await ask(server.url, sql`DROP ROLE IF EXISTS ${ident(role)}`);
      await ask(server.url, sql`CREATE ROLE ${ident(role)} LOGIN PASSWORD 'secret'`);
    }
    await ask(server.url, sql`GRANT CONNECT ON DATABASE postgres TO ${ident(reader)}, ${ident(writer)}`);
    assert.deepEqual(await fromElsewhere(server.url, reader), [{ login: reader }]);
    await assert.rejects(fromElsewhere(server.url, writer), { code: '28000' });
    await assert.rejects(fromElsewhere(server.url), { code: '28000' });
    for (const role of [reader, writer]) await ask(server.url, sql`DROP OWNED BY ${ident(role)}`);
    await server.leave();
  }
});

test('a cluster of another major version is refused and left unchanged', async (t) => {
  const dataDir = await newDataDir(t);
  await mkdir(join(dataDir, 'postgres'), { recursive: true });
  await writeFile(join(dataDir, 'postgres', 'PG_VERSION'), '9\n');
  await assert.rejects(start(dataDir), { code: 'SYS-08' });
  assert.equal(await readFile(join(dataDir, 'postgres', 'PG_VERSION'), 'utf8'), '9\n');
});

test('a data directory of a newer version is refused', async (t) => {
  const dataDir = await newDataDir(t);
  await mkdir(dataDir);
  await writeFile(join(dataDir, 'format'), '2\n');
  await assert.rejects(start(dataDir), { code: 'SYS-07' });
});

test('a data directory that the server user cannot enter keeps its cluster elsewhere', async (t) => {
  if (!isRoot) return t.skip('only root starts the server as another user');
  const dataDir = await newDataDir(t);
  await chmod(dirname(dataDir), 0o700);
  const said: string[] = [];
  const server = await startEmbedded({ dataDir, preferredPort: 0, say: (line) => said.push(line) });
  await ask(server.url, sql`SELECT 1`);
  await server.leave();
  const place = (await readFile(join(dataDir, 'postgres-place'), 'utf8')).trim();
  assert.match(place, /^\/var\/lib\/lockstep\//);
  assert.ok(said.some((line) => line.includes(place)));

  const again = await start(dataDir);
  assert.equal((await readFile(join(dataDir, 'postgres-place'), 'utf8')).trim(), place);
  await again.leave();
  await removeEmbedded(dataDir);
  await assert.rejects(stat(place), { code: 'ENOENT' });
});

test('an ordinary user starts the server as itself', async (t) => {
  if (!isRoot) return t.skip('all other tests of this file do so when not run as root');
  const nobody = { uid: 65_534, gid: 65_534 };
  const reach = spawn(process.execPath, ['-e', `fs.readFileSync(${JSON.stringify(import.meta.filename)})`], {
    stdio: 'ignore',
    cwd: '/',
    ...nobody,
  });
  const code = await new Promise((settle) => reach.once('error', settle).once('exit', settle));
  if (code !== 0) return t.skip('an ordinary user can read neither this checkout nor this Node');

  const dataDir = await newDataDir(t);
  await chmod(dirname(dataDir), 0o777);
  const starter = await startElsewhere(dataDir, nobody);
  const inside = await realpath(join(dataDir, 'postgres'));
  assert.equal((await stat(inside)).uid, nobody.uid);

  const root = await start(dataDir); // root joins, and the files keep their owner
  assert.equal(root.adopted, true);
  starter.child.stdin?.end();
  await once(starter.child, 'exit');
  await root.leave();
  assert.equal((await stat(inside)).uid, nobody.uid);
  assert.equal(await serverPid(dataDir), undefined);
});

test('root does not run the server as nobody where there is no account postgres, and the user is told', async (t) => {
  const dataDir = await newDataDir(t);
  const accounts = join(dirname(dataDir), 'passwd');
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n');
  await writeFile(accounts, lines.filter((line) => !line.startsWith('postgres:')).join('\n'));
  const without = `mount --bind "$1" /etc/passwd && exec "$2" --input-type=module -e "$3"`;
  const module = new URL('embedded.ts', import.meta.url).href;
  const program = `
    const { startEmbedded } = await import(${JSON.stringify(module)});
    await startEmbedded({ dataDir: ${JSON.stringify(dataDir)} }).catch(({ code }) => console.log(code));`;
  const args = ['--mount', 'sh', '-c', without, 'sh', accounts, process.execPath, program];
  const done = spawnSync('unshare', args, { encoding: 'utf8', cwd: '/' });
  if (!isRoot || /unshare|mount/.test(done.stderr))
    return t.skip('only root can hide an account from a process');
  assert.equal(done.stdout, 'SYS-17\n', done.stderr);
  await assert.rejects(stat(join(dataDir, 'postgres')), { code: 'ENOENT' });
});
