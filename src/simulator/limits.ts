import type { Clock } from '../lib/clock.ts';
import { sql } from '../lib/sql.ts';
import { type Answer, answer, type Call } from './answer.ts';
import { limitExceeded, methodNotAllowed } from './errors.ts';
import { isLive, tableOf } from './storage.ts';

const dayMs = 86_400_000;

/** The org's daily requests. Counted by the day of its clock and forgotten at a restart. */
export class ApiUsage {
  readonly max: number;
  private readonly clock: Clock;
  private day = 0;
  private count = 0;

  constructor(clock: Clock, max: number) {
    this.clock = clock;
    this.max = max;
  }

  get used(): number {
    const today = Math.floor(this.clock.now() / dayMs);
    if (today !== this.day) {
      this.day = today;
      this.count = 0;
    }
    return this.count;
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when nothing is left */
  spend(): void {
    if (this.used >= this.max) throw limitExceeded();
    this.count++;
  }
}

/** `/limits`: what a Developer org reports; only the daily requests and the bulk jobs move. */
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
    DailyGenericStreamingApiEvents: untouched(10_000),
    DailyStreamingApiEvents: untouched(10_000),
    DailyWorkflowEmails: untouched(390),
    DataStorageMB: untouched(5),
    FileStorageMB: untouched(20),
    HourlyTimeBasedWorkflow: untouched(50),
    MassEmail: untouched(10),
    SingleEmail: untouched(15),
    StreamingApiConcurrentClients: untouched(20),
  });
}

/** `/limits/recordCount?sObjects=A,B`. Sobjects without records, and unknown ones, are left out. */
export async function recordCount(call: Call): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const asked = call.parameters.get('sObjects')?.split(',') ?? [...call.org.sobjects.keys()];
  const counts: { count: number; name: string }[] = [];
  for (const name of new Set(asked.map((one) => one.trim().toLowerCase()))) {
    const def = call.org.sobjects.get(name);
    if (!def) continue;
    const [row] = await call.db.query<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${tableOf(def)} WHERE ${isLive(def)}`,
    );
    if (row && row.count > 0) counts.push({ count: row.count, name: def.name });
  }
  return answer(200, { sObjects: counts });
}
