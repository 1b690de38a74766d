/**
 * One run of one seed: an org, a network, a destination, Lockstep processes that come and go, outsiders and clients.
 * The same seed and profile give the same run, event for event.
 */
import { setImmediate } from 'node:timers/promises';
import type { Log } from '@lockstep/foundation/log';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import type { LogFields } from 'lockstep/core/log-fields';
import type { RecheckPosition } from 'lockstep/engine/testing';
import type { Mirror, StreamTable } from 'lockstep/postgres';
import { Agenda } from './agenda.ts';
import { sendChangeEvents } from './change-events.ts';
import { Clients } from './clients.ts';
import { Invariants, type Violation } from './invariants.ts';
import { Jobs, pageOf, shown } from './jobs.ts';
import { Journal } from './journal.ts';
import { MemoryDestination } from './memory-destination.ts';
import type { MergePolicy } from './merge-policy.ts';
import { Meter } from './meter.ts';
import { Network } from './network.ts';
import { OperationClients } from './operation-clients.ts';
import { ModelOrg } from './org.ts';
import { Outsiders } from './outsiders.ts';
import { Processes } from './processes.ts';
import type { Profile } from './profile.ts';
import { ancientStamp } from './seen.ts';
import { sideBySide } from './side-by-side.ts';
import type { SqlDestination } from './sql-destination.ts';
import { tablesInMemory } from './tables.ts';

export interface Run {
  violations: readonly Violation[];
  journal: Journal;
  requests: number;
}

export interface RunOptions {
  seed: number;
  profile: Profile;
  mergePolicy: MergePolicy;
  usedAs?: (mirror: Mirror) => Mirror;
  readAs?: (text: string) => string;
  /** The real destination, if the processes use one; the one in memory gets the same calls, and both are compared. */
  sqlDestination?: SqlDestination | undefined;
  /** Keeps the journal; without it a run is faster. */
  isTraced?: boolean;
}

const epoch = Date.UTC(2026, 0, 1);
const graceMs = 1_800_000;

export async function simulate({
  seed,
  profile: relative,
  mergePolicy,
  usedAs,
  readAs,
  sqlDestination,
  isTraced = false,
}: RunOptions): Promise<Run> {
  const profile = startingAt(epoch, relative);
  const agenda = new Agenda(epoch);
  const random = seededRandom(seed);
  const journal = new Journal(agenda, isTraced);
  const org = new ModelOrg(agenda, random, profile);
  const tables = sqlDestination
    ? await sqlDestination.begin(profile.sobjects)
    : tablesInMemory(profile.sobjects);
  const sobjects = new Map(tables.map(({ stream }) => [stream.streamNo, stream.sobject]));
  const invariants = new Invariants(org, sobjects, journal, {
    isOrdered: profile.staleShare === 0,
    isFlushed: profile.staleShare === 0 && profile.shortShare === 0,
  });
  const meter = new Meter(agenda, profile, (purpose) =>
    invariants.break('the quota of the org is respected', null, `a request for a ${purpose}`),
  );
  const network = new Network(agenda, random, org, profile, meter);
  const now = () => Math.floor(agenda.now);
  const copiesDirectly = mergePolicy.copiesDirectly && (sqlDestination?.copiesDirectly ?? true);
  const memory = new MemoryDestination(tables, { ...mergePolicy, copiesDirectly }, now, invariants);
  invariants.destination = memory;
  const destination = sqlDestination ? sideBySide(memory, sqlDestination, now, invariants) : memory;
  const operationClients = new OperationClients({ agenda, random, profile, org, invariants, journal });
  const processes = new Processes({
    agenda,
    random,
    network,
    profile,
    journal,
    mirror: repeating(destination, invariants, () => network.happens(profile.repeatShare)),
    tables: new Map(tables.map((table) => [table.stream.sobject.toLowerCase(), table])),
    log: logInto(journal),
    syncRequests: operationClients,
    usedAs,
    readAs,
    onBreak: (error) => {
      const what = error instanceof Error ? String(error.stack) : String(error);
      invariants.break('no step fails unexpectedly', null, what);
    },
  });

  const holder = () => processes.holder();
  const worker = () => processes.any();
  if (profile.eventShare > 0) sendChangeEvents({ agenda, random, org, profile, tables, holder });
  operationClients.onSyncRequest = () => processes.tellNews();

  beginBefore({ agenda, random, org, profile, destination, tables });
  agenda.at(profile.startAt, () => {
    processes.begin();
    operationClients.begin();
    new Jobs({ agenda, random, org, profile, tables, journal, holder }).begin();
    const clients = new Clients({ agenda, random, org, network, profile, invariants, journal, worker });
    agenda.after(profile.clientsWaitMs, () => clients.begin());
  });
  const isOver = () => invariants.violations.length > 0;
  await runToEnd({ agenda, profile, memory, operationClients, isOver });
  if (!isOver()) invariants.checkConverged();
  processes.end();
  await setImmediate(); // weakly referenced objects can be collected only after a turn of Node's event loop
  return { violations: invariants.violations, journal, requests: network.requests };
}

/** What is there before the sync begins: records, outsiders, and perhaps the rows of an earlier mirror. */
function beginBefore({
  agenda,
  random,
  org,
  profile,
  destination,
  tables,
}: {
  agenda: Agenda;
  random: Random;
  org: ModelOrg;
  profile: Profile;
  destination: Mirror;
  tables: readonly StreamTable[];
}): void {
  age(org, random, profile);
  if (profile.isRefill)
    agenda.at(random.between(epoch, profile.startAt), () => agenda.hold(fillOnce(destination, org, tables)));
  new Outsiders(agenda, random, org, profile).begin();
}

/** Most records existed long before the run. */
function age(org: ModelOrg, random: Random, { sobjects }: Profile): void {
  for (const sobject of sobjects) {
    for (const record of org.all(sobject)) if (random.next() < 0.7) org.found(record, ancientStamp);
  }
}

/** Fills the tables as an earlier mirror left them. */
async function fillOnce(mirror: Mirror, org: ModelOrg, tables: readonly StreamTable[]): Promise<void> {
  for (const table of tables) {
    const { streamNo, sobject } = table.stream;
    const observation = await mirror.openReadBackObservation('earlier', [streamNo], 60_000);
    await mirror.applyPage(table, pageOf(shown(org.all(sobject))), { observation, isLast: true });
  }
}

/** Runs on, within a bound, until the recheck has passed and marks that a slow pass left late are read again. */
async function runToEnd({
  agenda,
  profile,
  memory,
  operationClients,
  isOver,
}: {
  agenda: Agenda;
  profile: Profile;
  memory: MemoryDestination;
  operationClients: OperationClients;
  isOver: () => boolean;
}): Promise<void> {
  const isUnderWay = async () => {
    const { figures, cursors } = await memory.readProgress();
    const rechecks = cursors
      .filter(({ kind }) => kind === 'recheck')
      .map(({ position }) => (position as RecheckPosition).at);
    const isMarked = figures.some(({ oldest }) => oldest !== null);
    return operationClients.areWaiting || isMarked || rechecks.some((at) => at * 1_000 < profile.calmAt);
  };
  let end = profile.endAt;
  await agenda.runUntil(end, isOver);
  while (!isOver() && end < profile.endAt + graceMs && (await isUnderWay())) {
    end += profile.settlingIntervalMs;
    await agenda.runUntil(end, isOver);
  }
}

/** Applies some pages twice; the second time must change nothing. */
function repeating(mirror: Mirror, invariants: Invariants, isRepeated: () => boolean): Mirror {
  const applyPage = async (...given: Parameters<Mirror['applyPage']>) => {
    const result = await mirror.applyPage(...given);
    const [, , { isLast }] = given;
    if (!isLast && isRepeated()) await invariants.repeating(() => mirror.applyPage(...given));
    return result;
  };
  return new Proxy(mirror, {
    get: (target, name) => (name === 'applyPage' ? applyPage : target[name as keyof Mirror].bind(target)),
  });
}

/** Makes the profile's times absolute; they are relative to the start of the run. */
const startingAt = (start: number, profile: Profile): Profile => ({
  ...profile,
  startAt: start + profile.startAt,
  quietAt: start + profile.quietAt,
  calmAt: start + profile.calmAt,
  settlingAt: start + profile.settlingAt,
  endAt: start + profile.endAt,
  fewLeftFrom: profile.fewLeftFrom === null ? null : start + profile.fewLeftFrom,
  spentMs: profile.spentMs && [start + profile.spentMs[0], start + profile.spentMs[1]],
});

function logInto(journal: Journal): Log<LogFields> {
  const line = (text: string, fields?: LogFields) =>
    journal.add('process', () => `log: ${text} ${fields ? JSON.stringify(fields) : ''}`);
  const log: Log<LogFields> = {
    debug: () => undefined,
    info: line,
    warn: line,
    error: line,
    with: () => log,
  };
  return log;
}
