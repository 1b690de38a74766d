/** What the checks of a person's database say of its server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '@lockstep/foundation/clock';
import { ident, sql } from '@lockstep/foundation/sql';
import { openOwnDatabase } from '@lockstep/harness/own-database';
import { readDatabaseUrl } from '../core/own-database-url.ts';
import { checkDestination } from './destination-checks.ts';

const never = new AbortController().signal;

test('a clock that goes wrong and the zone in which times are shown are told, and fail nothing', async () => {
  await using own = await openOwnDatabase();
  await own.superuser.query(sql`ALTER ROLE ${ident(`${own.prefix}_writer`)} SET TimeZone = 'Asia/Tokyo'`);
  const [writer, reader] = [own.url, own.readerUrl].map((url) => {
    const parts = readDatabaseUrl(url);
    return typeof parts === 'string' ? assert.fail(parts) : parts;
  });
  assert.ok(writer && reader);
  const logins = { writer: writer.login, reader: reader.login };
  const to = { ...writer, ...logins, ca: null, tunnel: null, schema: 'salesforce', sharesSchema: false };
  const look = async (aheadMs: number) => {
    const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
    const checks = await checkDestination(to, { syncId: null, tables: [] }, clock, never);
    assert.deepEqual(
      checks.filter(({ state }) => state === 'failed'),
      [],
    );
    return Object.fromEntries(checks.map(({ name, says }) => [name, says]));
  };
  const right = await look(0);
  assert.match(right.clock ?? '', /^The server's clock is \d\.\d s (behind|ahead of) this machine's\.$/);
  assert.match(right['time zone'] ?? '', /Asia\/Tokyo/);
  assert.match((await look(3_600_000)).clock ?? '', /is 3(599|600)\.\d s behind .*NTP/);
});
