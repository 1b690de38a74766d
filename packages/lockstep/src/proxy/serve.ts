/**
 * Serves a checked request in one of three ways: reads, and writes that do not concern the mirror, pass through;
 * writes whose records can be identified are followed into the mirror; after anything else that may write, the mirror
 * is polled.
 */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Fault } from '../core/faults.ts';
import type { ProxiedSync } from '../engine/index.ts';
import { parseAnswer, parseRequestBody } from './bodies.ts';
import { bufferBytesMax } from './buffered-bytes.ts';
import { namedSobjects, provenWrites, type SObjectOf } from './composite-writes.ts';
import { isForPage } from './cors.ts';
import { type Exchange, type ForwardOptions, forward, type UpstreamAnswer } from './forward.ts';
import { headerValues } from './headers.ts';
import { bodyReaches } from './key-reach.ts';
import { noSession } from './keyed-callers.ts';
import { wholeBody } from './uploads.ts';
import {
  type AppliedHeader,
  runWriteThrough,
  type TraceableWrite,
  traceRecordWrite,
} from './write-through.ts';
import {
  isServerError,
  isSuccess,
  mayHaveWritten,
  noWrites,
  unknownWrites,
  type Write,
} from './writes-of.ts';

export async function serveExchange(exchange: Exchange, write: Write): Promise<AppliedHeader | 'read'> {
  const { sync } = exchange;
  if (write.kind === 'record') {
    return sync.streams.has(write.sobject)
      ? writeThrough(exchange, traceRecordWrite(write))
      : passWrite(exchange, null);
  }
  if (write.kind === 'several') return serveSeveral(exchange);
  if (write.kind === 'none') return passRead(exchange);
  if (write.kind === 'upload') return passWrite(exchange, null);
  const isJob = write.kind === 'ingest';
  const follow = (answer: UpstreamAnswer | null) => (isJob ? followJob(sync, answer) : sync.pollSoon(null));
  return passWrite(exchange, follow, { bufferBytesMax: isJob ? bufferBytesMax : 0 });
}

/** The body of a composite request says which records it writes, so it is read before it is forwarded. */
async function serveSeveral(exchange: Exchange): Promise<AppliedHeader | 'read'> {
  const { request, target, sync, upload, holding } = exchange;
  const body = await wholeBody(upload, holding);
  // Parsed twice rather than kept: the parsed form takes several times the memory of the bytes.
  const call = () => ({ ...target, body: parseRequestBody(request.rawHeaders, body) });
  if (exchange.authority && !bodyReaches(exchange.authority.scope, call()))
    throw new Fault('PRX-15', { reason: exchange.authority.scope });
  const sobjectOf = await sobjectsById(sync);
  const named = namedSobjects(call(), sobjectOf);
  if (named?.size === 0) return passRead(exchange, body);
  const mirrored = [...(named ?? sync.streams)].filter((sobject) => sync.streams.has(sobject));
  if (mirrored.length === 0) return passWrite(exchange, null, { body });
  const write: TraceableWrite = {
    named: mirrored.map((sobject) => ({ sobject, id: null })),
    written(answer) {
      if (!isSuccess(answer)) return mayHaveWritten(answer) ? unknownWrites : noWrites;
      const all = provenWrites(call(), parseAnswer(answer), sobjectOf);
      const isMirrored = ({ sobject }: { sobject: string }) => sync.streams.has(sobject);
      return { ...all, records: all.records.filter(isMirrored), missing: all.missing.filter(isMirrored) };
    },
  };
  return writeThrough(exchange, write, body);
}

/** Salesforce processes a bulk job after answering; the answer names the sobject. */
function followJob(sync: ProxiedSync, answer: UpstreamAnswer | null): void {
  const job = answer && ingestJob.safeParse(parseAnswer(answer).body).data;
  if (!job) sync.pollSoon(null);
  else if (closedStates.has(job.state)) sync.watchJob({ id: job.id, sobject: job.object.toLowerCase() });
}

const ingestJob = z.object({ id: z.string().regex(/^\w{15,18}$/), object: z.string(), state: z.string() });
/** A job that is still open, or was aborted, writes nothing. */
const closedStates = new Set(['UploadComplete', 'InProgress', 'JobComplete']);

/** Without the database no Id can be resolved: reads pass all the same; writes fail when their intent is recorded. */
async function sobjectsById(sync: ProxiedSync): Promise<SObjectOf> {
  const prefixes = await sync.keyPrefixes().catch(() => new Map<string, string>());
  const elsewhere = prefixes.size === sync.streams.size ? '' : undefined;
  return (id) => prefixes.get(id.slice(0, 3)) ?? elsewhere;
}

function writeThrough(
  exchange: Exchange,
  write: TraceableWrite,
  body?: Buffer | null,
): Promise<AppliedHeader> {
  const { sync, target, clock, log, response, times } = exchange;
  return runWriteThrough(
    {
      sync,
      method: target.method,
      clock,
      log,
      times,
      forward: () => send(exchange, { bufferBytesMax, isWrite: true, body }),
      send: (answer, applied) => sendAnswer(response, answer, applied),
    },
    write,
  );
}

async function passRead(exchange: Exchange, body?: Buffer | null): Promise<'read'> {
  const answer = await send(exchange, { bufferBytesMax: 0, isWrite: false, body });
  await sendAnswer(exchange.response, answer, null);
  return 'read';
}

/**
 * A write that the mirror does not or cannot follow record by record.
 *
 * @param follow  called if something may have been written, with null if its answer was lost; null: it concerns no mirrored record
 */
async function passWrite(
  exchange: Exchange,
  follow: ((answer: UpstreamAnswer | null) => void) | null,
  options: Partial<Pick<ForwardOptions, 'bufferBytesMax' | 'body'>> = {},
): Promise<AppliedHeader> {
  const answer = await send(exchange, { bufferBytesMax: 0, isWrite: true, ...options }).catch(
    (fault: Fault) => {
      if (fault.code === 'PRX-04') follow?.(null);
      throw fault;
    },
  );
  // SOAP answers every refusal with 500 (SOAP 1.1, 6.2).
  const isFault = exchange.target.segments[1]?.toLowerCase() === 'soap' && answer.status === 500;
  const applied = follow && mayHaveWritten(answer) && !isFault ? 'poll' : 'no';
  if (applied === 'poll') follow?.(answer);
  await sendAnswer(exchange.response, answer, applied);
  return applied;
}

/**
 * Once; a second time only for a caller with a key whose session Salesforce has refused, before it did anything.
 *
 * @throws Fault `PRX-16`: the session of the sync is not accepted; as {@link forward} does
 */
async function send(exchange: Exchange, options: ForwardOptions): Promise<UpstreamAnswer> {
  const { authority, upload, holding } = exchange;
  if (!authority) return sendOnce(exchange, options);
  const body = options.body ?? (upload && (await wholeBody(upload, holding)));
  const answer = await sendOnce(exchange, { ...options, body });
  if (answer.status !== 401) return answer;
  answer.drop();
  const isLost = upload !== null && body === null; // too long to be kept
  const session = isLost ? null : await authority.session.renewed(exchange.stopping).catch(noSession);
  if (!session) throw new Fault('PRX-16', { reason: '401' });
  const again = await sendOnce({ ...exchange, authority: { ...authority, session } }, { ...options, body });
  if (again.status !== 401) return again;
  again.drop();
  throw new Fault('PRX-16', { reason: '401' });
}

/** One attempt; counted as an API request if it was sent. */
async function sendOnce(exchange: Exchange, options: ForwardOptions): Promise<UpstreamAnswer> {
  const { sync, times } = exchange;
  try {
    const answer = await forward(exchange, options);
    exchange.onAnswer(answer.status);
    times.upstreamMs = answer.lastByteAt - answer.sentAt;
    sync.forwarded(headerValues(answer.headers, 'sforce-limit-info')[0]);
    return answer;
  } catch (fault) {
    if (fault instanceof Fault && fault.code === 'PRX-04') sync.forwarded(undefined);
    throw fault;
  }
}

/** Salesforce's status, headers and bytes, with our headers on writes. */
async function sendAnswer(
  response: ServerResponse,
  answer: UpstreamAnswer,
  applied: AppliedHeader | null,
): Promise<void> {
  response.sendDate = false; // Salesforce's own Date is among the headers
  const isUnknown = applied === 'poll' && isServerError(answer);
  const ours = [
    ...(applied === null ? [] : ['Lockstep-Applied', applied]),
    ...(isUnknown ? ['Lockstep-Outcome', 'unknown'] : []),
    ...(isForPage(response) ? ['Vary', 'Origin'] : []),
  ];
  response.writeHead(answer.status, answer.statusText, [...answer.headers, ...ours]);
  await answer.pipe(response);
}
