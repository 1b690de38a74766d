import type { Tx } from '@lockstep/foundation/database';
import { z } from 'zod';
import { refused } from '../http/errors.ts';
import type { Writer } from '../org.ts';
import { type Org } from '../org.ts';
import { purgeDeleteLog } from '../rest/replication.ts';
import { type RowWrite, rowResult, writeRows } from '../rest/row-results.ts';
import { columnValues } from '../write/field-values.ts';
import { mergeRecords } from '../write/merge.ts';
import { writeTransaction } from '../write/open-writes.ts';
import { emptyRecord, emptyRecycleBin, hardDeleteRecord, undeleteRecord } from '../write/recycle-bin.ts';
import { type EndpointGroup, endpoint, userIdOf } from './control-endpoint.ts';
import { instant, userName } from './named-in-requests.ts';
import { sweep } from './retention.ts';
import { definitionOf, exactValues, fieldValues, idOf, recordIdText } from './writes.ts';

/** What Salesforce offers in its SOAP API or does by itself: deleted records, merges, the delete log. */
const idsBody = z.strictObject({ as: userName.optional(), ids: z.array(recordIdText).min(1).max(10_000) });

const mergeBody = z.strictObject({
  as: userName.optional(),
  winnerId: recordIdText,
  loserIds: z.array(recordIdText).describe('One or two.'),
  values: fieldValues.default({}).describe('Values that the winner gets.'),
});

const results = async (org: Org, allOrNone: boolean, rows: readonly RowWrite[]) => {
  const write = <Result>(work: (tx: Tx) => Promise<Result>) => writeTransaction(org, work);
  return { results: (await writeRows({ write }, allOrNone, rows)).map(rowResult) };
};

type OnId = (tx: Tx, by: Writer, id: string) => Promise<void>;

/** One result for each Id, as in collections: some may fail. */
const forEachId = (work: OnId) => (org: Org, body: z.output<typeof idsBody>) => {
  const by = { org, userId: userIdOf(org, body.as) };
  const row =
    (text: string): RowWrite =>
    async (tx) => {
      const id = idOf(text);
      await work(tx, by, id);
      return { id };
    };
  return results(org, false, body.ids.map(row));
};

function merge(org: Org, { as, winnerId, loserIds, values }: z.output<typeof mergeBody>) {
  const by = { org, userId: userIdOf(org, as) };
  const row: RowWrite = async (tx) => {
    const id = idOf(winnerId);
    const def = definitionOf(org, id);
    const records = { winnerId: id, loserIds: loserIds.map(idOf) };
    await mergeRecords(tx, by, def, records, columnValues(def, exactValues(values), 'update'));
    return { id };
  };
  return results(org, true, [row]);
}

const ids = { ids: ['001Hp0000000001IAA'] };

export const binEndpoints: EndpointGroup = {
  title: 'Deleted and merged records',
  about: "Each of these answers with a result for every record, in the form of the REST API's collections.",
  endpoints: [
    endpoint({
      path: '/records/undelete',
      does: 'Takes records out of the recycle bin, with their details and lookups.',
      body: idsBody,
      example: ids,
      run: forEachId(undeleteRecord),
    }),
    endpoint({
      path: '/records/emptyRecycleBin',
      does: 'Removes deleted records for good.',
      body: idsBody,
      example: ids,
      run: forEachId((tx, { org }, id) => emptyRecord(tx, org, id)),
    }),
    endpoint({
      path: '/records/hardDelete',
      does: 'Deletes records without the recycle bin: queryAll does not find them.',
      body: idsBody,
      example: ids,
      run: forEachId((tx, by, id) => {
        const def = definitionOf(by.org, id);
        if (!def.deletable) throw refused('DELETE_FAILED', `a record of ${def.name} cannot be deleted`, []);
        return hardDeleteRecord(tx, by, def, id);
      }),
    }),
    endpoint({
      path: '/records/merge',
      does: 'Merges two or three records into one: the others are deleted, their children move to the winner.',
      body: mergeBody,
      example: {
        winnerId: '001Hp0000000001IAA',
        loserIds: ['001Hp0000000002IAA'],
        values: { Site: 'Merged' },
      },
      run: merge,
    }),
    endpoint({
      path: '/recycleBin/empty',
      does: 'Removes for good what was deleted before an instant, or everything. The delete log stays.',
      body: z.strictObject({ before: instant.optional() }),
      example: {},
      // Exclusive, and what was deleted just now may be stamped with the current second.
      run: (org, { before = org.clock.now() + 1000 }) =>
        writeTransaction(org, (tx) => emptyRecycleBin(tx, org, new Date(before).toISOString())),
    }),
    endpoint({
      path: '/recycleBin/sweep',
      does: 'Removes now what was deleted more than 15 days ago; this also happens every hour.',
      body: z.strictObject({}),
      example: {},
      run: (org) => sweep(org),
    }),
    endpoint({
      path: '/deleteLog/purge',
      does: 'Purges the deletions before an instant, as an org with too long a log does; earliestDateAvailable moves accordingly.',
      body: z.strictObject({ before: instant }),
      example: { before: '2026-03-01T00:00:00Z' },
      run: (org, { before }) => writeTransaction(org, (tx) => purgeDeleteLog(tx, org, before)),
    }),
    endpoint({
      path: '/deleteLog/hold',
      does: 'Fixes latestDateCovered of updated and deleted at an instant, or moves earliestDateAvailable of deleted. What is left out follows the org again.',
      body: z.strictObject({
        coveredUntil: instant.optional(),
        availableFrom: instant.optional(),
      }),
      example: { coveredUntil: '2026-02-27T00:00:00Z' },
      run: ({ control }, { coveredUntil, availableFrom }) => {
        control.coveredUntil = coveredUntil;
        control.availableFrom = availableFrom;
      },
    }),
  ],
};
