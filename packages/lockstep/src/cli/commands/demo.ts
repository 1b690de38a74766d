import { join } from 'node:path';
import { openDatabase } from '@lockstep/foundation/database';
import { quoted } from '@lockstep/foundation/shell-words';
import type { Config } from '../../config.ts';
import { readSync } from '../../control/index.ts';
import { usageError } from '../../core/request-error.ts';
import { refuseIfRunning } from '../../operations/run-file.ts';
import { writeSecretFile } from '../../server/index.ts';
import type { Command, Context } from '../arguments.ts';
import { withControl } from '../control-access.ts';
import { runCheck } from '../demo/demo-check.ts';
import { eraseDemo } from '../demo/demo-erase.ts';
import { closingScreen } from '../demo/demo-screen.ts';
import { selectFirstAccount } from '../demo/demo-sql.ts';
import { countInOrg, type Demo, openDemo } from '../demo/demo-stage.ts';
import { watchBackfill } from '../terminal/backfill-progress.ts';
import type { Output } from '../terminal/output.ts';
import { withoutPassword } from '../terminal/psql-line.ts';
import { aborted } from '../terminal/signals.ts';
import { type OrgChoices, orgChoices, orgFlags } from './simulated-org.ts';

export const demo: Command = {
  flags: {
    ...orgFlags,
    fresh: { description: 'Erase what an earlier run left in the data directory first.' },
    check: {
      description: 'Copy, compare, write and read unattended in a temporary folder; prints one line of JSON.',
    },
  },
  async run(args, context) {
    if (!args.isSet('check')) return runDemo(orgChoices(args, 2), args.isSet('fresh'), context);
    if (args.isSet('fresh'))
      throw usageError(
        '--check is always fresh, in a folder of its own: leave --fresh out',
        'lockstep help demo',
      );
    return runCheck(orgChoices(args, 0), context);
  },
};

async function runDemo(
  choices: OrgChoices,
  startAnew: boolean,
  { config, output, stop }: Context,
): Promise<number> {
  await refuseIfRunning(config.dataDir);
  if (startAnew) await eraseDemo(config, (line) => output.say(line));
  output.say('This is a demo: its Salesforce org is simulated, and nothing leaves this machine.');
  await using running = await openDemo({ config, ...choices, output, stop });
  output.say(running.greeting);
  await showCopy(running, config, output);
  await aborted(running.ended);
  if (!stop.aborted) throw running.ended.reason;
  output.say('Stopping after the requests that are under way.');
  return 0;
}

/** Shows the backfill and, when it is complete, what to try. */
async function showCopy(demo: Demo, config: Config, output: Output): Promise<void> {
  const mirror = openDatabase({ url: demo.mirrorUrl, applicationName: 'lockstep demo', connectionsMax: 1 });
  try {
    const { rows } = await watchBackfill(mirror, demo.sync.name, output, demo.ended);
    const [account] = await selectFirstAccount(mirror);
    const accountId = account?.id ?? '';
    const envFile = join(config.dataDir, 'demo.env');
    await writeSecretFile(envFile, environmentOf(demo, accountId));
    if (output.wantsJson) {
      const urls = { mirror_url: demo.mirrorUrl, base: demo.base, env_file: envFile };
      output.object({ schema: 1, ready: true, rows, ...urls, account_id: accountId });
    } else {
      const inBin = await countInBin(demo);
      const paused =
        (await withControl(config, (control) => readSync(control, demo.sync.id)))?.paused === true;
      const lines = closingScreen(demo, { rows, inBin, paused, accountId, envFile });
      for (const line of lines) output.data(output.pasteable(line));
    }
  } finally {
    await mirror.end();
  }
}

/** Deleted records that the org can still restore; the mirror has none of them. */
async function countInBin(demo: Demo): Promise<number> {
  let records = 0;
  for (const sobject of demo.sync.sobjects) {
    if (sobject === 'User') continue; // users cannot be deleted
    const soql = `SELECT COUNT() FROM ${sobject} WHERE IsDeleted = true`;
    records += await countInOrg(demo, { path: 'queryAll', soql, signal: demo.ended });
  }
  return records;
}

/** To be sourced by a shell: `. .lockstep/demo.env`. */
function environmentOf({ base, token, mirrorUrl }: Demo, accountId: string): string {
  const { url: mirror, password } = withoutPassword(mirrorUrl);
  const variables = {
    BASE: base,
    SF_TOKEN: token,
    ACCOUNT_ID: accountId,
    MIRROR: mirror,
    MIRROR_PASSWORD: password,
    MIRROR_URL: mirrorUrl,
  };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}
