/**
 * A measured write of one record through the proxy, seen again by SQL. The value that the record has is written back, so
 * no data changes; but it is an update, which triggers and flows notice. It has the caller's own authority: with the
 * sync's, everybody with a key of this API could write in Salesforce.
 */
import { systemClock } from '@lockstep/foundation/clock';
import { z } from 'zod';
import type { NewTrial, Trial, TrialStep } from '../contract/trial.ts';
import type { Control, Sync } from '../control/index.ts';
import { toRecordId } from '../core/ids.ts';
import { timeOf } from '../core/plain-words.ts';
import { RequestError } from '../core/request-error.ts';
import { selectPlainFields, selectWritten } from '../postgres/index.ts';
import { type CallerAnswer, type CallerRequest, sendAsCaller } from '../salesforce/index.ts';
import { chosenObjects } from './chosen-objects.ts';
import { withMirror } from './open-mirror.ts';

const usualFields = ['Description', 'Name', 'LastName', 'Subject', 'Title'];

interface Field {
  field: string;
  column_name: string;
  table_name: string;
}

/** A record as the proxy shows it. The value stays in this file. */
interface Shown {
  value: string | null;
  stampedAt: number;
  lastModified: string | null;
}

/**
 * @throws RequestError if there is no proxy here, or no field to write; `SYNC-nn` faults of {@link chosenObjects}
 */
export async function tryWrite(
  control: Control,
  sync: Sync,
  { proxyUrl, ...asked }: NewTrial & { proxyUrl: string | undefined },
  signal: AbortSignal,
): Promise<Trial> {
  if (proxyUrl === undefined)
    throw new RequestError('No proxy runs here', { kind: 'not found', next: 'lockstep start' });
  const [object = ''] = chosenObjects(sync, [asked.object]);
  const field = await fieldOf(control, sync, object, asked.field);
  const id = toRecordId(asked.id) ?? '';
  const path = `/services/data/v${sync.apiVersion}/sobjects/${object}/${id}`;
  const baseUrl = `${proxyUrl.replace(/\/\/(0\.0\.0\.0|\[::\]):/, '//127.0.0.1:')}/${sync.id}`;
  const send = (request: Pick<CallerRequest, 'method' | 'path' | 'headers' | 'body'>) =>
    sendAsCaller({ baseUrl, token: asked.token, ...request }, signal);
  const read = () =>
    send({ method: 'GET', path: `${path}?fields=${encodeURIComponent(`${field.field},SystemModstamp`)}` });

  const steps: TrialStep[] = [];
  const ended = (): Trial => ({
    is_ok: steps.length === 4 && steps.every(({ is_ok: isOk }) => isOk),
    field: field.field,
    steps,
  });
  const before = await measured(steps, 'record', read, (answer) => shownIn(answer, field.field));
  if (!before) return ended();
  const since = before.lastModified === null ? {} : { 'if-unmodified-since': before.lastModified };
  const body = { [field.field]: before.value };
  const wrote = await measured(
    steps,
    'write',
    () => send({ method: 'PATCH', path, headers: since, body }),
    isWritten,
  );
  if (!wrote) return ended();
  const began = systemClock.now();
  const row = await rowOf(control, sync, { ...field, id });
  const tookMs = systemClock.now() - began;
  const after = await measured([], 'unchanged', read, (answer) => shownIn(answer, field.field));
  const isSeen =
    row !== null && after !== null && row.value === before.value && row.stampedAt >= after.stampedAt;
  steps.push({
    ...nothing,
    step: 'sql',
    is_ok: isSeen,
    took_ms: tookMs,
    says: isSeen
      ? 'a reader of the mirror sees this write'
      : 'a reader of the mirror does not see this write',
  });
  const isSame = after !== null && after.value === before.value;
  steps.push({
    ...nothing,
    step: 'unchanged',
    is_ok: isSame,
    says: isSame
      ? 'the record has the value that it had'
      : 'somebody has changed the record meanwhile, or it cannot be read',
  });
  return ended();
}

const nothing = { took_ms: 0, status: null, applied: null, code: null };

async function fieldOf(
  control: Control,
  sync: Sync,
  object: string,
  given: string | undefined,
): Promise<Field> {
  const wanted = given === undefined ? usualFields : [given];
  const [field] = await withMirror(control, sync, (mirror) => selectPlainFields(mirror, object, wanted));
  if (field) return field;
  const names = wanted.join(', ');
  throw new RequestError(`The mirror has no field of ${object} that could be written: ${names}`, {
    kind: 'not found',
    next: 'Name a text field of the object.',
  });
}

/** Adds the step. Null: it failed. */
async function measured<Result>(
  steps: TrialStep[],
  step: TrialStep['step'],
  send: () => Promise<CallerAnswer>,
  resultOf: (answer: CallerAnswer) => Result | null,
): Promise<Result | null> {
  const began = systemClock.now();
  const answer = await send().catch(() => null);
  const took_ms = systemClock.now() - began;
  const result = answer && resultOf(answer);
  const applied = answer?.header('lockstep-applied') ?? null;
  const { code, says } = answer ? wordsOf(step, answer, result !== null) : unreachable;
  steps.push({ step, is_ok: result !== null, took_ms, status: answer?.status ?? null, applied, code, says });
  return result;
}

const unreachable = { code: 'SYS-20', says: 'the proxy does not answer' };

const refusalSchema = z.array(z.object({ errorCode: z.string().regex(/^\w{1,80}$/) })).min(1);

/** Salesforce's own text may quote values, so only its code is told. */
function wordsOf(
  step: TrialStep['step'],
  answer: CallerAnswer,
  isOk: boolean,
): Pick<TrialStep, 'code' | 'says'> {
  if (isOk) {
    const says =
      step === 'write' ? 'the same value was written, and is in the mirror' : 'the record was read';
    return { code: null, says };
  }
  const own = answer.header('lockstep-error');
  const theirs = refusalSchema.safeParse(answer.json).data?.[0]?.errorCode ?? null;
  if (answer.status >= 400) return { code: own ?? theirs, says: `the answer is ${answer.status}` };
  return { code: null, says: 'the answer came before the mirror showed the write' };
}

const recordSchema = z.object({ SystemModstamp: z.string() }).loose();

function shownIn(answer: CallerAnswer, field: string): Shown | null {
  const record = answer.status === 200 ? recordSchema.safeParse(answer.json).data : undefined;
  const value = record?.[field] ?? null;
  if (!record || (value !== null && typeof value !== 'string')) return null;
  return {
    value,
    stampedAt: Date.parse(record.SystemModstamp.replace(/\+0000$/, 'Z')),
    lastModified: answer.header('last-modified'),
  };
}

const isWritten = (answer: CallerAnswer): true | null =>
  answer.status === 204 && answer.header('lockstep-applied') === 'yes' ? true : null;

async function rowOf(
  control: Control,
  sync: Sync,
  { table_name: table, column_name: column, id }: Field & { id: string },
): Promise<Pick<Shown, 'value' | 'stampedAt'> | null> {
  const schema = sync.destination.tableSchema;
  const [row] = await withMirror(control, sync, (mirror) =>
    selectWritten(mirror, { schema, table, column, id }),
  );
  return row ? { value: row.value, stampedAt: timeOf(row.stamp) } : null;
}
