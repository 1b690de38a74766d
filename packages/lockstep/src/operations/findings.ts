/** What is wrong with the objects of a sync, worst first, each with its reason and the next step. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { Sync } from '../control/index.ts';
import { Fault } from '../core/faults.ts';
import { clockTime, counted, duration, formatCount, timeOf, timeSince } from '../core/plain-words.ts';
import type { Problem } from '../postgres/index.ts';
import { checkKinds, isOverdue } from './object-state.ts';
import { type ObjectStatus, stopReasonOf } from './read-objects.ts';

/** Worst first. True: `--check` does not fail because of it. */
const severities = {
  stopped: false,
  missing: false,
  failing: false,
  behind: false,
  gaps: false,
  changing: true,
  hidden: true,
  unproven: true,
} as const;
type Severity = keyof typeof severities;
const order = Object.keys(severities) as Severity[];

export interface Finding {
  sobject: string;
  severity: Severity;
  /** A sentence without its full stop: `Contact is stopped`. */
  says: string;
  reason: string;
  next: string;
}

export const isHealthy = ({ severity }: Finding): boolean => severities[severity];

/** @param withinMs  null if nothing is read now, because the sync is paused, waits or is not running */
export function findingsOf(
  sync: Pick<Sync, 'name' | 'intervalMs'>,
  objects: readonly ObjectStatus[],
  now: number,
  withinMs: number | null,
): Finding[] {
  const found = objects.flatMap((object) => [
    ...stopAndMissing(object),
    ...object.problems.map((problem) => problemFinding(problem, now)),
    ...(withinMs === null ? [] : behind(sync, object, now, withinMs)),
    ...gaps(object),
    ...hidden(object, now),
  ]);
  return found.toSorted((a, b) => order.indexOf(a.severity) - order.indexOf(b.severity));
}

function stopAndMissing(object: ObjectStatus): Finding[] {
  const { sobject, missing_rows: missing } = object;
  const stopped = stopReasonOf(object);
  const found: Finding[] = [];
  if (stopped) {
    const { code, says, next } = stopped;
    found.push({
      sobject,
      severity: 'stopped',
      says: `${sobject} is stopped`,
      reason: `${code}: ${says}`,
      next,
    });
  }
  if (missing > 0) {
    const { code, message, next } = new Fault('PERM-05', { stream: sobject, rows: missing });
    const says = `${counted(missing, 'row')} of ${sobject} ${missing === 1 ? 'is' : 'are'} no longer visible in Salesforce`;
    found.push({ sobject, severity: 'missing', says, reason: `${code}: ${message}`, next });
  }
  return found;
}

const failures: Record<string, string> = {
  backfill: 'its backfill has been stuck',
  table: 'its rows have not been stored',
  're-read': 'marked records have not been read again',
};

function problemFinding(problem: Problem, now: number): Finding {
  const { sobject, kind, code, explanation, next, since, tries, retry_at: retryAt } = problem;
  const check = checkKinds[kind];
  const what = check ?? failures[kind] ?? 'changes have not been read';
  const retry = `${tries === 1 ? '1 try' : `${formatCount(tries)} tries`}, next in ${duration(Math.max(0, timeOf(retryAt) - now))}`;
  const says = `${sobject}: ${what} since ${clockTime(since, now)} (${retry})`;
  const severity = kind === 'schema' ? 'changing' : check === undefined ? 'failing' : 'unproven';
  return { sobject, severity, says, reason: `${code}: ${explanation}`, next };
}

/** Not reported during a backfill, which has no read time yet, nor for a stopped or failing object, which says so itself. */
function behind(
  { name, intervalMs }: Pick<Sync, 'name' | 'intervalMs'>,
  object: ObjectStatus,
  now: number,
  withinMs: number,
): Finding[] {
  const { sobject, stop_code: stopCode, problems } = object;
  if (!isOverdue(object, now, withinMs)) return [];
  if (stopCode !== null || problems.some(({ kind }) => !(kind in checkKinds))) return [];
  const says = `${sobject} was last read ${timeSince(object.read_until, now)}`;
  const reason = `With one request every ${intervalMs / 1_000} s it should be read every ${duration(withinMs)} at least.`;
  const next = `See where the requests go: lockstep usage --sync ${shellWord(name)}; for a faster pace: lockstep help budget set`;
  return [{ sobject, severity: 'behind', says, reason, next }];
}

function gaps({ sobject, set_aside_rows: rows }: ObjectStatus): Finding[] {
  if (rows === 0) return [];
  const says = `${counted(rows, 'record')} of ${sobject} ${rows === 1 ? 'is' : 'are'} set aside`;
  const reason =
    'PostgreSQL refuses them as they are now: the mirror has their last storable version, or none.';
  return [{ sobject, severity: 'gaps', says, reason, next: `lockstep objects set-aside ${sobject}` }];
}

const isOrAre = (count: number) => (count === 1 ? 'is' : 'are');

function hidden({ sobject, hidden_fields: all }: ObjectStatus, now: number): Finding[] {
  const found: Finding[] = [];
  const fields = all.filter((field) => !field.is_filling);
  if (fields.length > 0) {
    const names = fields.map(({ field, hidden_since: since }) => `${field} since ${clockTime(since, now)}`);
    found.push({
      sobject,
      severity: 'hidden',
      says: `${counted(fields.length, 'field')} of ${sobject} ${isOrAre(fields.length)} hidden from the sync's user`,
      reason: `Not updated: ${names.join(', ')}. Their columns keep their last values.`,
      next: "Give the sync's user read access to them in Salesforce (field-level security), unless they were deleted there.",
    });
  }
  return [...found, ...filling({ sobject, fields: all.filter((field) => field.is_filling) })];
}

function filling({ sobject, fields }: { sobject: string; fields: ObjectStatus['hidden_fields'] }): Finding[] {
  if (fields.length === 0) return [];
  const retyped = fields.flatMap(({ field, column_name: column, replaces }) =>
    replaces === null
      ? []
      : [
          `${field} has another type: ${column} gets its values, ${replaces} keeps the earlier ones until then`,
        ],
  );
  const names = fields.map(({ field }) => field).join(', ');
  return [
    {
      sobject,
      severity: 'hidden',
      says: `${counted(fields.length, 'field')} of ${sobject} ${isOrAre(fields.length)} being filled`,
      reason: [`Not complete yet: ${names}.`, ...retyped.map((text) => `${text}.`)].join(' '),
      next: 'Nothing to do: all records are read again.',
    },
  ];
}
