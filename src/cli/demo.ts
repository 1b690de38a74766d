import { join } from 'node:path';
import type { Config } from '../config.ts';
import { openDatabase } from '../lib/database.ts';
import { sql } from '../lib/sql.ts';
import type { Command, Context } from './arguments.ts';
import { runCheck } from './demo-check.ts';
import { eraseDemo } from './demo-erase.ts';
import { type Demo, openDemo } from './demo-stage.ts';
import { writeSecretFile } from './directory.ts';
import { watchFirstCopy } from './first-copy.ts';
import { type OrgWishes, orgFlags, orgWishes } from './org.ts';
import { count, type Output } from './output.ts';
import { refuseIfRunning } from './run-file.ts';
import { aborted } from './signals.ts';

export const demo: Command = {
  name: 'demo',
  summary: 'Runs everything against a simulated org: database server, org, a sync and the proxy.',
  flags: {
    ...orgFlags,
    fresh: { says: 'Erase what an earlier run left in the data directory first.' },
    check: { says: 'Unattended in a temporary folder: copy, compare, write, read; one line of JSON.' },
  },
  run: (args, context) =>
    args.isSet('check')
      ? runCheck(orgWishes(args, 0), context)
      : runDemo(orgWishes(args, 2), args.isSet('fresh'), context),
};

async function runDemo(
  wishes: OrgWishes,
  startAnew: boolean,
  { config, output, stop }: Context,
): Promise<number> {
  await refuseIfRunning(config.dataDir);
  if (startAnew) await eraseDemo(config, (line) => output.say(line));
  output.say('This is a demo: its Salesforce org is simulated, and nothing leaves this machine.');
  await using running = await openDemo({ config, ...wishes, output, stop });
  await showCopy(running, config, output);
  await aborted(running.over);
  if (!stop.aborted) throw running.over.reason;
  output.say('Stopping: requests under way are finished first.');
  return 0;
}

/** The first copy, and what can be done when it is complete. */
async function showCopy(demo: Demo, config: Config, output: Output): Promise<void> {
  const mirror = openDatabase({ url: demo.mirrorUrl, applicationName: 'lockstep demo', connectionsMax: 1 });
  try {
    const { rows } = await watchFirstCopy(mirror, demo.sync.name, output, demo.over);
    const [account] = await mirror.query<{ id: string }>(
      sql`SELECT id FROM salesforce.account ORDER BY id LIMIT 1`,
    );
    const accountId = account?.id ?? '';
    const envFile = join(config.dataDir, 'demo.env');
    await writeSecretFile(envFile, environmentOf(demo, accountId));
    if (output.wantsJson) {
      const urls = { mirror_url: demo.mirrorUrl, base: demo.base, env_file: envFile };
      output.object({ schema: 1, ready: true, rows, ...urls, account_id: accountId });
    } else {
      for (const line of closingScreen(demo, { rows, accountId, envFile })) output.data(line);
    }
  } finally {
    await mirror.end();
  }
}

/** For a shell: `. .lockstep/demo.env`. */
function environmentOf({ base, token, mirrorUrl }: Demo, accountId: string): string {
  const variables = { BASE: base, SF_TOKEN: token, ACCOUNT_ID: accountId, MIRROR_URL: mirrorUrl };
  return Object.entries(variables)
    .map(([name, value]) => `${name}=${quoted(value)}\n`)
    .join('');
}

/** One word for a shell, whatever it holds. */
const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

function closingScreen(
  { base, token, mirrorUrl }: Demo,
  { rows, accountId, envFile }: { rows: number; accountId: string; envFile: string },
): string[] {
  const update = JSON.stringify({ Name: 'Written through the proxy' });
  const query = `SELECT id, name, systemmodstamp FROM salesforce.account WHERE id = '${accountId}'`;
  return [
    '',
    `The mirror is complete: ${count(rows)} rows, and it follows the org. To try, from another terminal:`,
    '',
    'The mirror, for any PostgreSQL client:',
    `  ${mirrorUrl}`,
    `  psql ${quoted(mirrorUrl)} -c 'SELECT count(*) FROM salesforce.contact'`,
    '',
    'A write with the Salesforce API, through the proxy:',
    `  curl -sS -i -X PATCH ${quoted(`${base}/services/data/v62.0/sobjects/Account/${accountId}`)} \\`,
    `    -H ${quoted(`Authorization: Bearer ${token}`)} \\`,
    `    -H 'Content-Type: application/json' -d ${quoted(update)}`,
    '',
    'What SQL shows as soon as its answer is there:',
    `  npm run -s lockstep -- sql "${query}"`,
    '',
    `The same values as shell variables: . ${envFile}`,
    'Ctrl-C stops everything. npm run demo goes on where it ended; npm run demo -- --fresh starts anew.',
    '',
  ];
}
