import { ExactNumber, isObject, printExact } from '@lockstep/foundation/exact-json';
import { type Answer, dataPath } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { notFound, parserError } from '../http/errors.ts';
import { parseId } from '../write/ids.ts';
import { fromStored } from '../write/stored-text.ts';
import { delimiters, lineEndings } from './csv.ts';
import { supportsPkChunking } from './pk-chunking.ts';
import { invalidJob } from './refusals.ts';
import { findJob, isExpired, type Job, type JobKind } from './storage.ts';

/** What both kinds of job share: how a job is requested, found, listed and formatted. */
export const jobPrefix = '750';

/** With `more`, the fields of a GET, which the answer to a create leaves out. */
export function jobJson(job: Job, more: boolean): Record<string, unknown> {
  const isIngest = job.kind === 'ingest';
  return {
    id: job.id,
    operation: job.operation,
    object: job.object,
    createdById: job.user_id,
    createdDate: job.created,
    systemModstamp: job.modified,
    state: job.state,
    ...(job.external_id_field !== null && { externalIdFieldName: job.external_id_field }),
    ...(job.assignment_rule_id !== null && { assignmentRuleId: job.assignment_rule_id }),
    concurrencyMode: 'Parallel',
    contentType: 'CSV',
    apiVersion: new ExactNumber(job.api_version),
    ...(isIngest && { contentUrl: dataPath(job.api_version, 'jobs', 'ingest', job.id, 'batches').slice(1) }),
    ...((more || isIngest) && { jobType: isIngest ? 'V2Ingest' : 'V2Query' }),
    lineEnding: job.line_ending,
    columnDelimiter: job.column_delimiter,
    ...(more && {
      numberRecordsProcessed: exact(job.records_processed),
      ...(isIngest && { numberRecordsFailed: exact(job.records_failed) }),
      retries: exact(job.retries),
      totalProcessingTime: exact(job.processing_ms),
      ...(isIngest
        ? { apiActiveProcessingTime: exact(job.processing_ms), apexProcessingTime: exact(0) }
        : { isPkChunkingSupported: supportsPkChunking(job.object) }),
    }),
    ...(job.error_message !== null && { errorMessage: fromStored(job.error_message) }),
  };
}

const exact = (number: number): ExactNumber => new ExactNumber(String(number));

export const printed = (value: unknown): Answer => ({ status: 200, body: printExact(value, (text) => text) });

/** Only its creator sees a job, and only until it expires. */
export async function requireJob(call: Call, kind: JobKind, id: string): Promise<Job> {
  const job = await findJob(call.db, kind, parseId(id) ?? '', call.userId);
  if (!job || isExpired(job, call.org.clock.now())) throw notFound();
  return job;
}

export const bodyOf = (call: Call): Record<string, unknown> => objectOf(call.body);

export function objectOf(body: unknown): Record<string, unknown> {
  if (!isObject(body) || Buffer.isBuffer(body)) {
    throw parserError('The HTTP entity body is required, but this request has no entity body.');
  }
  return body;
}

/** A text, one of `allowed` if that is given; `otherwise` if the body does not have it. */
export function textOf(
  body: Record<string, unknown>,
  name: string,
  allowed?: readonly string[],
  otherwise?: string,
): string {
  const value = body[name] ?? otherwise;
  if (value === undefined) throw invalidJob(`${name} is required`);
  if (typeof value !== 'string') throw parserError(`Cannot read ${name}: a text is expected`);
  if (allowed && !allowed.includes(value)) {
    throw invalidJob(`Invalid value for ${name}. Allowed are ${allowed.join(', ')}`);
  }
  return value;
}

export function formOf(body: Record<string, unknown>): Pick<Job, 'column_delimiter' | 'line_ending'> {
  textOf(body, 'contentType', ['CSV'], 'CSV');
  return {
    column_delimiter: textOf(body, 'columnDelimiter', Object.keys(delimiters), 'COMMA'),
    line_ending: textOf(body, 'lineEnding', Object.keys(lineEndings), 'LF'),
  };
}
