import { systemClock } from '@lockstep/foundation/clock';
import { ident, sql } from '@lockstep/foundation/sql';
import { type EndToEndHarness, openEndToEndHarness } from '@lockstep/harness/end-to-end-harness';
import { armFault, type FaultToInject } from '@lockstep/harness/injected-fault';
import { type Figures, rounded } from './figures.ts';

/** The objects, each with the field that is changed. */
const followed = { Account: 'Name', Contact: 'LastName', Lead: 'LastName', Opportunity: 'Name' } as const;

const match = { user: 'integration' } as const;
const hourMs = 3_600_000;

/** Faults that affect every object of a sync at once. */
const faults: Readonly<Record<string, FaultToInject>> = {
  two_refused_sessions: { match, times: 2, effect: { answer: 'INVALID_SESSION_ID' } },
  a_date_an_hour_ahead: { match, times: 1, effect: { dateOffsetMs: hourMs } },
  a_date_an_hour_behind: { match, times: 1, effect: { dateOffsetMs: -hourMs } },
};

const runs = 3;
/** An object that is not fresh after this time is reported as never fresh. */
const waitMsMax = 180_000;
const lookEveryMs = 50;

/** How long after a fault of the whole sync every object shows what was committed after the fault. */
export async function recovery({ intervalMs }: { intervalMs: number }): Promise<Figures> {
  await using harness = await openEndToEndHarness({
    org: { records: 2_000, apiLimit: 10_000_000 },
    sobjects: Object.keys(followed),
    intervalMs,
  });
  harness.startWorker();
  await harness.untilComplete();
  const figures: Figures = {};
  for (const [name, fault] of Object.entries(faults)) {
    const seconds: number[] = [];
    for (let run = 0; run < runs; run++)
      seconds.push(await secondsUntilFresh(harness, fault, `${name} ${run}`));
    figures[`fresh_after_${name}_s`] = {
      value: rounded(Math.max(...seconds), 2),
      unit: `s, the worst of ${runs}`,
    };
  }
  return figures;
}

async function secondsUntilFresh(
  harness: EndToEndHarness,
  fault: FaultToInject,
  value: string,
): Promise<number> {
  const { org, admin } = harness;
  const armed = await armFault(org, fault);
  await armed.untilFired();
  const from = Date.now();
  const changed = await Promise.all(
    Object.entries(followed).map(async ([sobject, field]) => {
      const [record] = await org.db.query<{ id: string }>(sql`
        SELECT "Id" AS id FROM ${ident('org', sobject)} WHERE NOT "IsDeleted" ORDER BY "Id" LIMIT 1`);
      await org.control('/records/write', { writes: [{ update: record?.id, values: { [field]: value } }] });
      return { id: record?.id, table: sobject.toLowerCase(), column: field.toLowerCase() };
    }),
  );
  for (const { id, table, column } of changed) {
    const isShown = async () => {
      const found = await admin.query(sql`
        SELECT FROM ${ident('salesforce', table)} WHERE id = ${id} AND ${ident(column)} = ${value}`);
      return found.length > 0;
    };
    while (!(await isShown())) {
      if (Date.now() - from > waitMsMax) return Number.POSITIVE_INFINITY;
      await systemClock.sleep(lookEveryMs);
    }
  }
  await armed.end();
  return (Date.now() - from) / 1_000;
}
