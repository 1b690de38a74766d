import { sql } from '@lockstep/foundation/sql';
import { type Answer, answer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed } from '../http/errors.ts';
import { isLive, recordsOf } from '../schema/storage.ts';

/** `/limits`: what a Developer org reports; only the daily requests and the bulk jobs are counted. */
export function limits(call: Call): Answer {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const { usage } = call.org;
  const untouched = (max: number) => ({ Max: max, Remaining: max });
  return answer(200, {
    ConcurrentAsyncGetReportInstances: untouched(200),
    ConcurrentSyncReportRuns: untouched(20),
    DailyApiRequests: { Max: usage.max, Remaining: usage.max - usage.used },
    DailyAsyncApexExecutions: untouched(250_000),
    ...call.org.bulkLimits.report,
    DailyDeliveredPlatformEvents: untouched(10_000),
    DailyDurableGenericStreamingApiEvents: untouched(10_000),
    DailyDurableStreamingApiEvents: untouched(10_000),
    DailyGenericStreamingApiEvents: untouched(10_000),
    DailyStreamingApiEvents: untouched(10_000),
    DailyWorkflowEmails: untouched(390),
    DataStorageMB: untouched(5),
    DurableStreamingApiConcurrentClients: untouched(20),
    FileStorageMB: untouched(20),
    HourlyAsyncReportRuns: untouched(1200),
    HourlyDashboardRefreshes: untouched(200),
    HourlyDashboardResults: untouched(5000),
    HourlyDashboardStatuses: untouched(999_999_999),
    HourlyODataCallout: untouched(10_000),
    HourlySyncReportRuns: untouched(500),
    HourlyTimeBasedWorkflow: untouched(50),
    MassEmail: untouched(10),
    SingleEmail: untouched(15),
    StreamingApiConcurrentClients: untouched(20),
  });
}

/**
 * `/limits/recordCount?sObjects=A,B`. Unknown sobjects are left out, and those without records unless they are named:
 * recorded answers of version 62 list one with 0. Older ones omit it, as an org does that has not counted it yet.
 */
export async function recordCount(call: Call): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const asked = call.parameters.get('sObjects')?.split(',');
  const counts: { count: number; name: string }[] = [];
  for (const name of new Set((asked ?? [...call.sobjects.keys()]).map((one) => one.trim().toLowerCase()))) {
    const def = call.sobjects.get(name);
    if (!def) continue;
    const [row] = await call.db.query<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${recordsOf(def)} AS r WHERE ${isLive(def)}`,
    );
    if (row && (asked || row.count > 0)) counts.push({ count: row.count, name: def.name });
  }
  return answer(200, { sObjects: counts });
}
