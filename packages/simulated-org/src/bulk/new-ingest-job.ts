import type { Tx } from '@lockstep/foundation/database';
import { parseExact } from '@lockstep/foundation/exact-json';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { parserError, refused } from '../http/errors.ts';
import { fieldNamed, isIdLookup, type SObjectDef } from '../schema/schema.ts';
import { parseId, recordId } from '../write/ids.ts';
import { formOf, jobJson, jobPrefix, objectOf, printed, textOf } from './job-answers.ts';
import { readJobForm } from './job-form.ts';
import { entityUnsupported, hardDeleteDenied, hasBulk, invalidJob } from './refusals.ts';
import { changeJob, insertJob, type Job, type NewJob } from './storage.ts';
import { claimUpload, storeUpload } from './upload.ts';

/** `POST /jobs/ingest`: creates a job that waits for its file, or, from a form, one that already has it. */
const operations = ['insert', 'update', 'upsert', 'delete', 'hardDelete'];

type Body = Record<string, unknown>;

export async function createIngestJob(call: Call): Promise<Answer> {
  const { body, org } = call;
  const isForm = Buffer.isBuffer(body);
  const job = isForm ? await makeFull(call, body) : await makeOpen(call, call.db, objectOf(body));
  org.jobFaults.begin('ingest', job.id);
  if (isForm) org.jobs.wake('ingest');
  return printed(jobJson(job, false));
}

async function makeFull(call: Call, body: Buffer): Promise<Job> {
  const parts = await readJobForm(call.header('content-type') ?? '', body);
  const description = objectOf(jsonOf(parts.job));
  return call.write(async (tx) => {
    const { id } = await makeOpen(call, tx, description);
    await claimUpload(tx, id);
    await storeUpload(tx, id, [parts.content]);
    const closed = await changeJob(tx, id, ['Open'], { state: 'UploadComplete' }, call.org.clock.now());
    return closed as Job;
  });
}

function jsonOf(text: string): unknown {
  try {
    return parseExact(text);
  } catch {
    throw parserError('The part job is not well formed');
  }
}

async function makeOpen(call: Call, tx: Tx, body: Body): Promise<Job> {
  const planned = planJob(call, body);
  call.org.bulkLimits.requireIngestBatch();
  const id = recordId(jobPrefix, await call.org.numbers.next(tx));
  return insertJob(tx, { ...planned, id }, call.org.clock.now());
}

function planJob(call: Call, body: Body): Omit<NewJob, 'id'> {
  const { org, userId, version } = call;
  const operation = textOf(body, 'operation', operations);
  const form = formOf(body);
  const name = textOf(body, 'object');
  const def = call.sobjects.get(name.toLowerCase());
  if (!hasBulk(name, def)) throw entityUnsupported(name);
  if (!def) throw refused('INVALIDENTITY', `Unable to find object: ${name}`);
  if (operation === 'hardDelete' && userId !== org.settings.integrationUserId) throw hardDeleteDenied();
  return {
    kind: 'ingest',
    user_id: userId,
    client: call.client ?? null,
    operation,
    object: def.name,
    query: null,
    external_id_field: operation === 'upsert' ? keyField(def, body) : null,
    assignment_rule_id: assignmentRule(body),
    ...form,
    api_version: version,
    state: 'Open',
    header: null,
  };
}

function keyField(def: SObjectDef, body: Body): string {
  const name = textOf(body, 'externalIdFieldName');
  const field = fieldNamed(def, name);
  if (!field || !isIdLookup(field)) {
    throw invalidJob(
      `Field name provided, ${name} does not match an External ID, Salesforce Id, or indexed field for ${def.name}`,
    );
  }
  return field.name;
}

/** The org has no assignment rules, which would assign owners: the rule's Id is stored and has no effect. */
function assignmentRule(body: Body): string | null {
  if (body.assignmentRuleId === undefined || body.assignmentRuleId === null) return null;
  const id = parseId(textOf(body, 'assignmentRuleId'));
  if (!id?.startsWith('01Q')) throw invalidJob('Invalid value for assignmentRuleId');
  return id;
}
