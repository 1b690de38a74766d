import { z } from 'zod';
import { type Answer, answer, type Call } from './answer.ts';
import { methodNotAllowed, notFound, OrgError, parserError, refused } from './errors.ts';
import { columnValues } from './field-values.ts';
import { parseId } from './ids.ts';
import { mergeRecords } from './merge.ts';
import { sobjectOfId } from './org.ts';
import { emptyRecord, hardDeleteRecord, sweepRecycleBin, undeleteRecord } from './recycle-bin.ts';
import { purgeDeleteLog } from './replication.ts';
import { type RowWrite, rowResult, writeRows } from './row-results.ts';

/**
 * `POST /simulator/…`: what Salesforce offers in its SOAP API or does by itself, in plain JSON, for the integration
 * user only.
 *
 * | path | body | answer |
 * | --- | --- | --- |
 * | undelete, emptyRecycleBin, hardDelete | `{"ids": […]}` | a result for each, as of collections |
 * | merge | `{"winnerId", "loserIds": […], "values": {…}}` | one result |
 * | sweepRecycleBin | none | 204 |
 * | purgeDeleteLog | `{"before": "2026-01-01T00:00:00Z"}` | 204 |
 */
const idList = z.object({ ids: z.array(z.string()).min(1) });
const mergeBody = z.object({
  winnerId: z.string(),
  loserIds: z.array(z.string()),
  values: z.record(z.string(), z.unknown()).default({}),
});
const purgeBody = z.object({ before: z.iso.datetime() });

/** `call.path` is what follows `/simulator`. */
export async function disturb(call: Call): Promise<Answer> {
  if (call.userId !== call.org.settings.integrationUserId)
    throw new OrgError(403, 'INSUFFICIENT_ACCESS', 'Only the integration user may do this.');
  const [name = '', ...more] = call.path;
  const run = more.length === 0 ? disturbances.get(name) : undefined;
  if (!run) throw notFound();
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['POST']);
  return run(call);
}

const noContent: Answer = { status: 204, body: null };

const disturbances = new Map<string, (call: Call) => Promise<Answer>>([
  ['undelete', (call) => forEachId(call, (tx, id) => undeleteRecord(tx, call, id))],
  ['emptyRecycleBin', (call) => forEachId(call, (tx, id) => emptyRecord(tx, call.org, id))],
  [
    'hardDelete',
    (call) => forEachId(call, (tx, id) => hardDeleteRecord(tx, call, definitionOf(call, id), id)),
  ],
  ['merge', merge],
  [
    'sweepRecycleBin',
    async (call) => {
      await call.write((tx) => sweepRecycleBin(tx, call.org));
      return noContent;
    },
  ],
  [
    'purgeDeleteLog',
    async (call) => {
      const { before } = readBody(purgeBody, call.body);
      await call.write((tx) => purgeDeleteLog(tx, call.org, Date.parse(before)));
      return noContent;
    },
  ],
]);

function readBody<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const read = schema.safeParse(body);
  if (read.success) return read.data;
  const where = read.error.issues.map((issue) => issue.path.join('.') || 'the body').join(', ');
  throw parserError(`The request is not well formed at: ${where}`);
}

type OnId = (tx: Parameters<RowWrite>[0], id: string) => Promise<void>;

async function forEachId(call: Call, work: OnId): Promise<Answer> {
  const rows = readBody(idList, call.body).ids.map(
    (text): RowWrite =>
      async (tx) => {
        const id = idOf(text);
        await work(tx, id);
        return { id };
      },
  );
  return answer(200, (await writeRows(call, false, rows)).map(rowResult));
}

async function merge(call: Call): Promise<Answer> {
  const { winnerId, loserIds, values } = readBody(mergeBody, call.body);
  const row: RowWrite = async (tx) => {
    const id = idOf(winnerId);
    const def = definitionOf(call, id);
    const records = { winnerId: id, loserIds: loserIds.map(idOf) };
    await mergeRecords(tx, call, def, records, columnValues(def, values, 'update'));
    return { id };
  };
  return answer(200, (await writeRows(call, true, [row])).map(rowResult));
}

function idOf(text: string): string {
  const id = parseId(text);
  if (!id) throw refused('MALFORMED_ID', `malformed id ${text}`);
  return id;
}

function definitionOf(call: Call, id: string) {
  const def = sobjectOfId(call.org, id);
  if (!def?.deletable) throw notFound();
  return def;
}
