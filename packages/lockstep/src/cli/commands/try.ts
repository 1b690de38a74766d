/** `try`: a measured write of one record through the proxy, and what SQL shows of it. */
import { type Trial, trialSchema } from '../../contract/trial.ts';
import { formatCount } from '../../core/plain-words.ts';
import { usageError } from '../../core/request-error.ts';
import { type Command, syncFlag } from '../arguments.ts';
import { chooseSync, pathOf } from '../choose-sync.ts';
import { findApi } from '../find-server.ts';
import { exitCodes } from '../terminal/exit-codes.ts';
import { table } from '../terminal/output.ts';
import { secretOf } from '../terminal/secret.ts';

const help = 'lockstep help try';

export const tryCommand: Command = {
  flags: {
    sync: syncFlag,
    object: { value: 'OBJECT', description: 'A mirrored object, by API name.' },
    id: {
      value: 'ID',
      description:
        'A record of it. One of its values is written back, so no value changes; triggers and flows of the org run.',
    },
    field: {
      value: 'FIELD',
      description: 'A text field; without it Description, or the name of the record.',
    },
    'token-file': {
      value: 'FILE',
      description:
        'A file with your access token of Salesforce; - for standard input. Without it you are asked.',
    },
  },
  async run(args, context) {
    const { output } = context;
    const [object, id, field] = [args.text('object'), args.text('id'), args.text('field')];
    if (object === undefined || id === undefined) throw usageError('try needs --object and --id', help);
    const api = await findApi(context);
    const sync = await chooseSync(api, args.text('sync'));
    const file = args.text('token-file');
    const question = 'Your access token of Salesforce: ';
    const token = await secretOf({ file, question, flag: 'token-file', help });
    const body = { object, id, token, ...(field !== undefined && { field }) };
    const trial = await api.post(`${pathOf(sync.id)}/trial`, body, trialSchema);
    if (output.wantsJson) output.object({ schema: 1, name: sync.name, ...trial });
    else output.data(trialText(trial));
    return trial.is_ok ? 0 : exitCodes['not healthy'];
  },
};

const shown: Readonly<Record<string, string>> = {
  record: 'Read through the proxy',
  write: 'Write through the proxy',
  sql: 'Read by SQL',
  unchanged: 'Unchanged in Salesforce',
};

function trialText({ field, steps }: Trial): string {
  const rows = steps.map((one) => [
    shown[one.step] ?? one.step,
    one.is_ok ? 'ok' : 'FAIL',
    one.status === null ? '' : String(one.status),
    one.applied === null ? '' : `Lockstep-Applied: ${one.applied}`,
    one.step === 'unchanged' ? '' : `${formatCount(one.took_ms)} ms`,
    one.code === null ? one.says : `${one.code} ${one.says}`,
  ]);
  return `${table(['STEP', '', 'STATUS', '', 'TOOK', `FIELD ${field}`], rows, new Set([4]))}\n`;
}
