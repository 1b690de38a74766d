/** Whether a person's database server lets the login in, and whether it can hold a mirror. */
import type { Clock } from '@lockstep/foundation/clock';
import { type Database, sqlState } from '@lockstep/foundation/database';
import { Fault } from '../core/faults.ts';
import { type DatabaseLogin, hostOf, type OwnDestination } from '../core/own-database.ts';
import { type ServerFacts, selectServerFacts, selectServerTime } from './check-sql.ts';
import type { CheckStep, Found } from './check-step.ts';
import { databaseFault } from './faults.ts';
import { addressOf } from './own-address.ts';
import { letConnect, makeDatabase, raiseAllLimits, raiseLimit } from './own-database-sql.ts';
import { refusePooler } from './poolers.ts';
import { probe } from './server-sql.ts';

const oldestVersion = 130_000;
/** One process has up to 18 connections, and another one may be about to take over. */
const connectionsNeeded = 20;
const probes = 5;
const clockSlackSeconds = 2;

/** What the first steps find out for the others. */
export interface Seen {
  db: Database;
  facts: ServerFacts | null;
}

export const serverChecks = (to: OwnDestination, seen: Seen): CheckStep[] => [
  { name: 'sign-in', needs: ['tls'], look: () => signsIn(to, seen) },
  { name: 'version', needs: ['sign-in'], look: async () => isNewEnough(factsOf(seen)) },
  { name: 'primary', needs: ['sign-in'], look: async () => isPrimary(to, factsOf(seen)) },
  { name: 'encoding', needs: ['sign-in'], look: async () => isUtf8(factsOf(seen)) },
  { name: 'pooler', needs: ['sign-in'], look: () => isNoPooler(to) },
];

export const capacityChecks = (to: OwnDestination, seen: Seen, clock: Clock): CheckStep[] => [
  { name: 'round trip', needs: ['sign-in'], look: () => answersFast(seen) },
  { name: 'clock', needs: ['sign-in'], look: () => agreesOnTime(seen, clock) },
  { name: 'time zone', needs: ['sign-in'], look: () => showsTimesIn(seen) },
  { name: 'connections', needs: ['sign-in'], look: async () => hasRoom(to, factsOf(seen)) },
];

export function factsOf({ facts }: Seen): ServerFacts {
  if (facts) return facts;
  throw new Error('a step that needs to have signed in came first');
}

async function signsIn(to: OwnDestination, seen: Seen): Promise<Found> {
  try {
    const [facts] = await selectServerFacts(seen.db);
    seen.facts = facts ?? null;
    return { says: `As ${to.writer.user}, whose sessions act as ${factsOf(seen).acts_as}.` };
  } catch (error) {
    return signInTrouble(error, to, to.writer);
  }
}

/** Why a login is not let in. */
export function signInTrouble(error: unknown, to: OwnDestination, { user }: DatabaseLogin): Found {
  const host = hostOf(to);
  const state = sqlState(error);
  const { routine } = (error ?? {}) as { routine?: unknown };
  if (state === '28000' && routine === 'ClientAuthentication')
    return { fault: new Fault('DB-04', { host, sqlState: state }), sql: null };
  if (state === '42501') {
    const reason = `${user} may not connect to the database ${to.database}`;
    return { fault: new Fault('DB-06', { host, reason }), sql: letConnect(to.database, user) };
  }
  if (state === '53300')
    return { fault: new Fault('DB-07', { host, reason: 'none is free' }), sql: raiseLimit(user) };
  if (state === '08P01') {
    const reason = 'it refuses the settings of a session';
    return { fault: new Fault('DB-20', { host, reason }), sql: null };
  }
  const fault = databaseFault(error, host) ?? new Fault('DB-02', { host, reason: state ?? 'no answer' });
  return { fault, sql: state === '3D000' ? makeDatabase(to.database) : null };
}

function isNewEnough({ version, version_text }: ServerFacts): Found {
  if (version >= oldestVersion) return { says: `PostgreSQL ${version_text}.` };
  return { fault: new Fault('DB-11', { reason: `The server has PostgreSQL ${version_text}` }), sql: null };
}

const isPrimary = (to: OwnDestination, { is_replica }: ServerFacts): Found =>
  is_replica
    ? { fault: new Fault('DB-09', { host: hostOf(to) }), sql: null }
    : { says: 'It can be written.' };

const isUtf8 = ({ encoding }: ServerFacts): Found =>
  encoding === 'UTF8'
    ? { says: 'UTF8.' }
    : { fault: new Fault('DB-11', { reason: `The database has the encoding ${encoding}` }), sql: null };

async function isNoPooler(to: OwnDestination): Promise<Found> {
  try {
    await refusePooler(addressOf(to, to.writer));
    return { says: 'Sessions are its own: no pooler is in between.' };
  } catch (error) {
    if (error instanceof Fault) return { fault: error, sql: null };
    throw error;
  }
}

async function answersFast({ db }: Seen): Promise<Found> {
  const times: number[] = [];
  for (let nth = 0; nth < probes; nth++) {
    const began = performance.now();
    await probe(db);
    times.push(performance.now() - began);
  }
  const [median = 0] = times.toSorted((a, b) => a - b).slice(probes >> 1);
  return { says: `${median.toFixed(1)} ms there and back.` };
}

/** A wrong clock stops nothing, because cursors follow Salesforce's time; but the ages that readers compute are wrong. */
async function agreesOnTime({ db }: Seen, clock: Clock): Promise<Found> {
  const began = clock.now();
  const [said] = await selectServerTime(db);
  const here = (began + clock.now()) / 2;
  const ahead = ((said?.now_ms ?? here) - here) / 1_000;
  const by = `The server's clock is ${Math.abs(ahead).toFixed(1)} s ${ahead < 0 ? 'behind' : 'ahead of'} this machine's`;
  if (Math.abs(ahead) <= clockSlackSeconds) return { says: `${by}.` };
  return { says: `${by}: ages by its now() are off by as much. Set up NTP on the one that is wrong.` };
}

async function showsTimesIn({ db }: Seen): Promise<Found> {
  const [said] = await selectServerTime(db);
  return {
    says: `Its sessions show times in ${said?.zone}; datetimes are stored as instants, so none is moved.`,
  };
}

function hasRoom(to: OwnDestination, { free, limit, login_limit, database_limit }: ServerFacts): Found {
  const host = hostOf(to);
  const needed = `${connectionsNeeded} are needed`;
  const isTooLow = (bound: number) => bound >= 0 && bound < connectionsNeeded;
  if (isTooLow(login_limit)) {
    const reason = `${to.writer.user} may open ${login_limit}, ${needed}`;
    return { fault: new Fault('DB-07', { host, reason }), sql: raiseLimit(to.writer.user) };
  }
  if (isTooLow(database_limit)) {
    const reason = `the database takes ${database_limit}, ${needed}`;
    return { fault: new Fault('DB-07', { host, reason }), sql: null };
  }
  if (free >= connectionsNeeded) return { says: `${free} of ${limit} are free.` };
  const reason = `${free} of ${limit} are free, ${needed}`;
  return {
    fault: new Fault('DB-07', { host, reason }),
    sql: raiseAllLimits(limit + connectionsNeeded - free),
  };
}
