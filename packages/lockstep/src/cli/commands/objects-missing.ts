/** `objects missing`: rows that Salesforce stopped showing to the sync all at once, and the decision about them. */

import { objectSchema } from '../../contract/syncs.ts';
import { Fault } from '../../core/faults.ts';
import { formatCount } from '../../core/plain-words.ts';
import { RequestError, usageError } from '../../core/request-error.ts';
import type { Arguments, Command, Context } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { table } from '../terminal/output.ts';
import { runOperation, waitFlags } from './objects-verify.ts';

const help = 'lockstep help objects missing';

export const objectsMissing: Command = {
  flags: {
    keep: {
      value: 'OBJECT',
      description: 'The records are still in Salesforce, only hidden: keep their rows.',
    },
    remove: { value: 'OBJECT', description: 'The records were deleted in Salesforce: remove their rows.' },
    ...waitFlags,
  },
  async run(args, context) {
    const [keep, remove] = [args.text('keep'), args.text('remove')];
    if (keep !== undefined && remove !== undefined)
      throw usageError('--keep and --remove cannot be combined', help);
    const object = keep ?? remove;
    if (object !== undefined) return decide(args, context, keep === undefined ? 'remove' : 'keep', object);
    for (const flag of ['wait', 'no-wait', 'timeout'])
      if (args.isSet(flag)) throw usageError(`--${flag} belongs to --keep or --remove`, help);
    return list(args, context);
  },
};

async function list(args: Arguments, context: Context): Promise<number> {
  const { output } = context;
  const { name, missing } = await readMissing(args, context);
  if (output.wantsJson) {
    const items = missing.map(({ sobject, table_name, rows, missing_rows }) => ({
      sobject,
      table_name,
      rows,
      missing_rows,
    }));
    output.object({ schema: 1, name, items });
  } else if (missing.length === 0) output.data(`${name}: no rows are missing.`);
  else {
    const rows = missing.map(({ sobject, rows, missing_rows }) => [
      sobject,
      formatCount(missing_rows),
      formatCount(rows),
    ]);
    output.data(table(['OBJECT', 'MISSING', 'ROWS'], rows, new Set([1, 2])));
    for (const { sobject, missing_rows } of missing) {
      const { code, message, next } = new Fault('PERM-05', { stream: sobject, rows: missing_rows });
      for (const line of [`${sobject} has rows missing: ${code} ${message}`, `next: ${next}`, ''])
        output.say(line);
    }
  }
  return 0;
}

async function decide(
  args: Arguments,
  context: Context,
  kind: 'keep' | 'remove',
  object: string,
): Promise<number> {
  const { name, missing } = await readMissing(args, context);
  if (!missing.some(({ sobject }) => sobject.toLowerCase() === object.toLowerCase())) {
    throw new RequestError(`${name} has no missing rows of ${object}`, {
      kind: 'not found',
      next: 'lockstep objects missing',
    });
  }
  return runOperation(args, context, 'objects missing', { kind, object });
}

async function readMissing(args: Arguments, context: Context) {
  const api = await findApi(context);
  const { id, name } = await chooseSync(api, args.text('sync'));
  const { items } = await api.list(`${pathOf(id)}/objects`, objectSchema);
  return { name, missing: items.filter(({ missing_rows: rows }) => rows > 0) };
}
