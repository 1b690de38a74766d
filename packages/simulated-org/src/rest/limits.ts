import type { Clock } from '@lockstep/foundation/clock';
import { sql } from '@lockstep/foundation/sql';
import { type Answer, answer, type Call } from '../http/answer.ts';
import { concurrencyExceeded, limitExceeded, methodNotAllowed } from '../http/errors.ts';
import { isLive, recordsOf } from '../schema/storage.ts';

const dayMs = 86_400_000;

/** The org's daily requests. Counted by the day of its clock and forgotten at a restart. */
export class ApiUsage {
  max: number;
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

  set used(count: number) {
    this.day = Math.floor(this.clock.now() / dayMs);
    this.count = count;
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when nothing is left */
  spend(): void {
    if (this.used >= this.max) throw limitExceeded();
    this.count++;
  }
}

const longMs = 20_000;

/** Requests at once that take longer than 20 s: an org allows so many, and no limit holds for shorter ones. */
export class LongRequests {
  max = 25;
  /** Counted besides those that there are. */
  pretended = 0;
  private readonly clock: Clock;
  private readonly began = new Set<{ at: number }>();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  get used(): number {
    const before = this.clock.now() - longMs;
    return this.pretended + [...this.began].filter(({ at }) => at < before).length;
  }

  /** Counts a request until what is given is disposed of. */
  begin(): Disposable {
    const request = { at: this.clock.now() };
    this.began.add(request);
    return { [Symbol.dispose]: () => void this.began.delete(request) };
  }

  /** @throws {@link OrgError} REQUEST_LIMIT_EXCEEDED when no further request may come */
  check(): void {
    if (this.used >= this.max) throw concurrencyExceeded();
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

/** `/limits/recordCount?sObjects=A,B`. Sobjects without records, and unknown ones, are left out. */
export async function recordCount(call: Call): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const asked = call.parameters.get('sObjects')?.split(',') ?? [...call.sobjects.keys()];
  const counts: { count: number; name: string }[] = [];
  for (const name of new Set(asked.map((one) => one.trim().toLowerCase()))) {
    const def = call.sobjects.get(name);
    if (!def) continue;
    const [row] = await call.db.query<{ count: number }>(
      sql`SELECT count(*) AS count FROM ${recordsOf(def)} AS r WHERE ${isLive(def)}`,
    );
    if (row && row.count > 0) counts.push({ count: row.count, name: def.name });
  }
  return answer(200, { sObjects: counts });
}
