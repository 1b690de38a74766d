import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openTestDatabase } from '@lockstep/harness/database';
import { freePort } from '@lockstep/harness/free-port';
import { isPoolerMissing, openPooler } from '@lockstep/harness/pooler';
import { refusePooler } from './poolers.ts';

/** The database's address behind a pooler that lets everybody in. */
async function behind({ url }: { url: string }, settings: readonly string[], undo: AsyncDisposableStack) {
  const { username, password } = new URL(url);
  const login = `user=${username} password=${decodeURIComponent(password)}`;
  const { port } = undo.use(await openPooler(url, ['auth_type = any', ...settings], { login }));
  return `postgres://lockstep@127.0.0.1:${port}${new URL(url).pathname}`;
}

test('a pooler is recognised by what it does to a session, and the server itself is not taken for one', {
  skip: isPoolerMissing,
}, async () => {
  await using undo = new AsyncDisposableStack();
  const database = undo.use(await openTestDatabase());
  const { pathname } = new URL(database.url);
  await refusePooler(database.url);

  const ignored =
    'ignore_startup_parameters = options, statement_timeout, idle_in_transaction_session_timeout';
  const ignoring = ['pool_mode = transaction', ignored];
  for (const [settings, reason] of [
    [['pool_mode = transaction'], /refuses the settings of a session/],
    [['pool_mode = session'], /refuses the settings of a session/],
    [ignoring, /drops the settings of a session/],
  ] as const) {
    const url = await behind(database, settings, undo);
    await assert.rejects(refusePooler(url), { code: 'DB-20', message: reason }, settings.join());
  }

  // As poolers do that apply the settings of a session to each connection they lend.
  await database.db.script(`ALTER DATABASE "${pathname.slice(1)}" SET search_path = ''`);
  const applying = await behind(database, ignoring, undo);
  await assert.rejects(refusePooler(applying), { code: 'DB-20', message: /gives each transaction another/ });
  const own = await behind(database, ['pool_mode = session', ignored], undo);
  await refusePooler(own);
});

test('a server that cannot be reached is not called a pooler: the next connection says what is wrong', async () => {
  await refusePooler(`postgres://lockstep@127.0.0.1:${await freePort()}/postgres`);
});
