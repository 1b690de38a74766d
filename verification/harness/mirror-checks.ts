import assert from 'node:assert/strict';
import type { Database } from '@lockstep/foundation/database';
import { ident, sql } from '@lockstep/foundation/sql';
import { compareStream, mirroredStreams } from './mirror-comparison.ts';
import { signIn, type TestOrg } from './org.ts';

/**
 * Compares the mirror with the org's own answers, row by row and value by value, and checks the history of the rows,
 * which triggers in the mirror's database record.
 */
export interface MirrorChecks {
  /** Every row of every table equals its record in the org, as the sync's user sees it, and no record is missing. */
  expectConverged(): Promise<void>;
  /** No row went back to an older state, and no deleted row came back in its old state. */
  expectNoRollback(): Promise<void>;
  /** No mark, no fence, no open observation, nothing in quarantine, and no intent without an outcome. */
  expectIdle(): Promise<void>;
  /** The status view claims only what is proven: nothing read beyond now, nothing settled that commits could change. */
  expectProvenStatus(orgNowMs: number): Promise<void>;
}

/** W in milliseconds, see docs/correctness.md. */
const settleMs = 15 * 60_000;
/** Stamps of one record may go back by this much. */
const slackSeconds = 2;

export async function openMirrorChecks(mirror: Database, org: TestOrg): Promise<MirrorChecks> {
  const streams = await mirroredStreams(mirror);
  await mirror.script(`
    CREATE SCHEMA witness;
    CREATE TABLE witness.change (
      change_no bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
      table_name text, operation text, id text, was timestamptz, became timestamptz);
    CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = '' AS $$
      BEGIN
        INSERT INTO witness.change (table_name, operation, id, was, became)
        VALUES (TG_TABLE_NAME, TG_OP, coalesce(NEW.id, OLD.id), -- not every object has a stamp
                (to_jsonb(OLD) ->> 'systemmodstamp')::timestamptz, (to_jsonb(NEW) ->> 'systemmodstamp')::timestamptz);
        RETURN NULL;
      END $$;`);
  for (const { name } of streams) {
    await mirror.query(sql`
      CREATE TRIGGER witness AFTER INSERT OR UPDATE OR DELETE ON ${ident('salesforce', name)}
        FOR EACH ROW EXECUTE FUNCTION witness.note()`);
  }
  return {
    async expectConverged() {
      const token = await signIn(org.url, org.credentials, 'integration');
      // Its columns may have changed since the beginning.
      for (const stream of await mirroredStreams(mirror)) {
        const { different, rows, keptRows } = await compareStream(mirror, org, token, stream);
        assert.deepEqual(different, [], `${stream.sobject} is equal in org and mirror`);
        assert.equal(keptRows, rows, `the checkpoint's count of rows of ${stream.sobject}`);
      }
    },
    async expectNoRollback() {
      const wentBack = await mirror.query(sql`
        SELECT table_name, id, was, became FROM witness.change
         WHERE operation = 'UPDATE' AND became < was - make_interval(secs => ${slackSeconds})`);
      assert.deepEqual(wentBack, [], 'no row goes back');
      const cameBack = await mirror.query(sql`
        SELECT later.table_name, later.id, gone.was, later.became
          FROM witness.change gone
          JOIN witness.change later ON later.id = gone.id AND later.change_no > gone.change_no
         WHERE gone.operation = 'DELETE' AND later.operation = 'INSERT' AND later.became <= gone.was`);
      assert.deepEqual(cameBack, [], 'no deleted row comes back as it was');
    },
    async expectIdle() {
      const [left] = await mirror.query(sql`
        SELECT (SELECT count(*) FROM _lockstep.dirty) AS marks,
               (SELECT count(*) FROM _lockstep.fence) AS fences,
               (SELECT count(*) FROM _lockstep.observation) AS observations,
               (SELECT count(*) FROM _lockstep.quarantine) AS quarantined,
               (SELECT count(*) FROM _lockstep.intent WHERE outcome IS NULL) AS intents`);
      assert.deepEqual(left, { marks: 0, fences: 0, observations: 0, quarantined: 0, intents: 0 });
    },
    async expectProvenStatus(orgNowMs) {
      const claims = await mirror.query<Claim>(sql`
        SELECT sobject, extract(epoch FROM read_until) * 1000 AS read, extract(epoch FROM settled_until) * 1000 AS settled
          FROM _lockstep.status WHERE read_until IS NOT NULL`);
      for (const { sobject, read, settled } of claims) {
        assert.ok(Number(read) <= orgNowMs, `${sobject} is not read beyond now`);
        assert.ok(Number(settled) <= orgNowMs - settleMs, `${sobject} is settled up to W before now at most`);
      }
    },
  };
}

interface Claim {
  sobject: string;
  read: string;
  settled: string;
}
