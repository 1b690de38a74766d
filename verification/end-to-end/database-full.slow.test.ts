import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chownSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { openDatabase } from '@lockstep/foundation/database';
import { ident, literal, sql } from '@lockstep/foundation/sql';
import { testServerUrl } from '@lockstep/harness/database';
import { dataPath, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';

const diskMegabytes = 16;

interface SmallDisk extends AsyncDisposable {
  /** A tablespace of the tests' server, on this disk. */
  tablespace: string;
  fill(): void;
  makeRoom(): void;
}

/** A disk of a few megabytes for the tests' server, or the reason why there is none. */
async function openSmallDisk(): Promise<SmallDisk | string> {
  await using undo = new AsyncDisposableStack();
  const db = openDatabase({ url: testServerUrl(), applicationName: 'test', connectionsMax: 1 });
  undo.defer(() => db.end());
  const [server] = await db.query<{ folder: string }>(
    sql`SELECT current_setting('data_directory') AS folder`,
  );
  const { folder = '' } = server ?? {};
  if (!existsSync(folder)) return 'the tests’ server is on another machine';
  const path = mkdtempSync(join(tmpdir(), 'lockstep-small-disk-'));
  undo.defer(() => rmSync(path, { recursive: true, force: true }));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m`, 'tmpfs', path]);
  if (mounted.status !== 0) return 'this user cannot mount a small disk';
  undo.defer(() => void spawnSync('umount', [path]));
  const { uid, gid } = statSync(folder);
  chownSync(path, uid, gid);
  const tablespace = `small_disk_${randomBytes(4).toString('hex')}`;
  await db.query(sql`CREATE TABLESPACE ${ident(tablespace)} LOCATION ${literal(path)}`);
  undo.defer(() => db.query(sql`DROP TABLESPACE ${ident(tablespace)}`).then(() => undefined));
  const owned = undo.move();
  const filler = join(path, 'filler');
  return {
    tablespace,
    fill() {
      try {
        writeFileSync(filler, Buffer.alloc(diskMegabytes * 1_048_576));
      } catch (error) {
        assert.equal((error as { code?: unknown }).code, 'ENOSPC');
      }
    },
    makeRoom: () => rmSync(filler),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

test('writes that find a table’s disk full answer pending, the sync waits, and all rows arrive once there is room', async (t) => {
  const disk = await openSmallDisk();
  if (typeof disk === 'string') return t.skip(disk);
  await using _disk = disk;
  await using harness = await openEndToEndHarness({ org: { records: 300 }, sobjects: ['Account'] });
  harness.startWorker();
  await harness.untilComplete();
  await harness.admin.query(sql`ALTER TABLE salesforce.account SET TABLESPACE ${ident(disk.tablespace)}`);
  disk.fill();

  const waits = harness.nextSyncProblem('DB-08');
  const applied: (string | null)[] = [];
  for (let turn = 0; turn < 4; turn++) {
    const written = await harness.call('POST', `${dataPath}/sobjects/Account`, {
      Name: `Too much ${turn}`,
      Description: randomBytes(15_000).toString('hex'), // more than fits in the table's last page
    });
    assert.equal(written.status, 201);
    applied.push(written.headers.get('lockstep-applied'));
  }
  assert.equal(applied.at(-1), 'pending');
  await waits;

  disk.makeRoom();
  await harness.until(
    sql`SELECT count(*) = 4 FROM salesforce.account WHERE name LIKE 'Too much %'`,
    'what was written meanwhile is there',
  );
});
