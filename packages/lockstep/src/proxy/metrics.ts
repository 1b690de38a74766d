/**
 * The proxy's metrics, in Prometheus' text format.
 *
 * A sync appears by its id, which never changes and is in every address and log line, while its name may later go to
 * another sync; `lockstep_sync_info` joins the two. Times are not split by sync: with 17 buckets a phase, ten thousand
 * syncs would make a million series.
 */

import { type Clock, withTimeout } from '@lockstep/foundation/clock';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { SyncId } from '../core/ids.ts';
import type { SyncGauges } from '../engine/index.ts';
import type { RequestTimes } from './request-times.ts';
import { methods } from './target.ts';

export interface AnsweredRequest {
  /** Undefined if no sync has the requested id: callers must not be able to create series. */
  sync: SyncId | undefined;
  method: string;
  /** Value of Lockstep-Applied, `read`, `caller left`, or a fault's code. */
  outcome: string;
  /** Null if its turn never came: it is counted but not measured. */
  measured: { kind: 'read' | 'write'; times: RequestTimes; tookMs: number } | null;
}

export interface ProxyMetrics {
  count(request: AnsweredRequest): void;
  /** Sets the source for how many requests are under way and waiting. */
  follow(load: () => { underWay: number; waiting: number }): void;
  readonly contentType: string;
  text(): Promise<string>;
}

export interface MetricsSources {
  clock: Clock;
  /** Null if no sync has the id; rejects if that cannot be found out now. */
  gaugesOf: (sync: SyncId) => Promise<SyncGauges | null>;
}

const bucketsSeconds = [
  0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 600,
];
/** The destination is asked no more often than this, however many scrape. */
const gaugesKeptMs = 10_000;
/** If a destination does not answer within this time, only its own metrics are missing. */
const gaugesWaitMs = 2_000;

export function openMetrics({ clock, gaugesOf }: MetricsSources): ProxyMetrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const requests = new Counter({
    name: 'lockstep_proxy_requests_total',
    help: 'Answered requests, by sync, method and outcome: the value of Lockstep-Applied, read, caller left, or a code',
    labelNames: ['sync', 'method', 'outcome'],
    registers,
  });
  const phases = new Histogram({
    name: 'lockstep_proxy_phase_seconds',
    help: 'Duration of the phases of a request: queued, upstream, read_back, apply; and total',
    labelNames: ['phase', 'kind'],
    buckets: bucketsSeconds,
    registers,
  });
  let load = () => ({ underWay: 0, waiting: 0 });
  const now = new Gauge({
    name: 'lockstep_proxy_requests_now',
    help: 'Requests under way, and requests waiting for their turn',
    labelNames: ['state'],
    registers,
  });
  const gauges = openGauges(registers);
  const seen = new Map<SyncId, { readAt: number }>();

  async function readGauges(sync: SyncId): Promise<void> {
    const kept = seen.get(sync);
    if (!kept || clock.now() - kept.readAt < gaugesKeptMs) return;
    kept.readAt = clock.now();
    const known = await withTimeout(clock, gaugesWaitMs, gaugesOf(sync)).catch(() => undefined);
    gauges.forget(sync);
    if (known) gauges.set(sync, known);
    if (known === null) seen.delete(sync);
  }

  return {
    contentType: registry.contentType,
    follow: (source) => void (load = source),
    count({ sync, method, outcome, measured }) {
      if (sync !== undefined && !seen.has(sync)) seen.set(sync, { readAt: Number.NEGATIVE_INFINITY });
      requests.inc({ sync: sync ?? '', method: methods.has(method) ? method : 'other', outcome });
      if (!measured) return;
      const { kind, times, tookMs } = measured;
      const observe = (phase: string, ms: number) => phases.observe({ phase, kind }, ms / 1_000);
      observe('queued', times.queuedMs);
      // A phase that took no time did not happen.
      if (times.upstreamMs > 0) observe('upstream', times.upstreamMs);
      if (times.readBackMs > 0) observe('read_back', times.readBackMs);
      if (times.applyMs > 0) observe('apply', times.applyMs);
      observe('total', tookMs);
    },
    async text() {
      await Promise.all([...seen.keys()].map(readGauges));
      const { underWay, waiting } = load();
      now.set({ state: 'under_way' }, underWay);
      now.set({ state: 'waiting' }, waiting);
      return registry.metrics();
    },
  };
}

function openGauges(registers: Registry[]) {
  const repairs = new Gauge({
    name: 'lockstep_open_repairs',
    help: 'Records marked to be read again, up to 10,000; missing while the database does not answer',
    labelNames: ['sync'],
    registers,
  });
  const info = new Gauge({
    name: 'lockstep_sync_info',
    help: 'The name of each sync for which this process has answered requests',
    labelNames: ['sync', 'name'],
    registers,
  });
  const setAside = new Gauge({
    name: 'lockstep_set_aside_rows',
    help: 'Records that PostgreSQL cannot store as they are, by object, column (empty: the whole record) and reason',
    labelNames: ['sync', 'object', 'column', 'reason'],
    registers,
  });
  const problems = new Gauge({
    name: 'lockstep_problems',
    help: '1 for each kind of work on an object that is failing: its kind, and the code of the fault',
    labelNames: ['sync', 'object', 'kind', 'code'],
    registers,
  });
  /** The last values of each sync: their labels are removed before new ones are set. */
  const shown = new Map<SyncId, SyncGauges>();
  return {
    set(sync: SyncId, gauges: SyncGauges) {
      shown.set(sync, gauges);
      repairs.set({ sync }, gauges.openRepairs);
      info.set({ sync, name: gauges.name }, 1);
      for (const group of gauges.setAside) setAside.set(setAsideLabels(sync, group), group.rows);
      for (const problem of gauges.problems) problems.set(problemLabels(sync, problem), 1);
    },
    forget(sync: SyncId) {
      const before = shown.get(sync);
      if (!before) return;
      shown.delete(sync);
      repairs.remove({ sync });
      info.remove({ sync, name: before.name });
      for (const group of before.setAside) setAside.remove(setAsideLabels(sync, group));
      for (const problem of before.problems) problems.remove(problemLabels(sync, problem));
    },
  };
}

const setAsideLabels = (sync: SyncId, { sobject, column_name, code }: SyncGauges['setAside'][number]) => ({
  sync,
  object: sobject,
  column: column_name ?? '',
  reason: code,
});

const problemLabels = (sync: SyncId, { sobject, kind, code }: SyncGauges['problems'][number]) => ({
  sync,
  object: sobject,
  kind,
  code,
});
