/** What the demo prints when the backfill is complete: lines to paste, which README.md has too. */
import { systemClock } from '@lockstep/foundation/clock';
import { quoted, shellWord } from '@lockstep/foundation/shell-words';
import { formatCount } from '../../core/plain-words.ts';
import { psqlLine } from '../terminal/psql-line.ts';
import type { Demo } from './demo-stage.ts';

interface Shown {
  rows: number;
  /** Records in the org's recycle bin, which no table shows. */
  inBin: number;
  paused: boolean;
  accountId: string;
  envFile: string;
}

export function closingScreen(demo: Demo, shown: Shown): string[] {
  return [
    '',
    ...stateLines(shown),
    '',
    ...variableLines(shown.envFile),
    '',
    ...literalLines(demo, shown),
    '',
  ];
}

function stateLines({ rows, inBin, paused }: Shown): string[] {
  const records = `${formatCount(rows)} live records${inBin === 0 ? '' : ` (${formatCount(inBin)} more are in the recycle bin)`}`;
  if (!paused) return [`The mirror is complete, ${records}, and follows the org.`];
  return [
    `The mirror has ${records}.`,
    'The sync is paused: the mirror does not follow the org. To resume it:',
    '  lockstep sync resume',
  ];
}

/** A shell looks up a path without a slash in PATH. */
const sourced = (path: string) => (path.includes('/') ? path : `./${path}`);

const variableLines = (envFile: string) => [
  'To try, in another terminal, in this folder:',
  '',
  `  . ${shellWord(sourced(envFile))}`,
  '',
  'Write as you always do, with another base URL:',
  '  curl -i -X PATCH "$BASE/services/data/v62.0/sobjects/Account/$ACCOUNT_ID" \\',
  `    -H "Authorization: Bearer $SF_TOKEN" -H 'Content-Type: application/json' \\`,
  `    -d "{\\"Name\\": \\"Written at $(date +%T)\\"}"`,
  '',
  'Read what you have just written with SQL:',
  `  lockstep sql "SELECT id, name, systemmodstamp FROM salesforce.account WHERE id = '$ACCOUNT_ID'"`,
  '',
  'Or with any client:',
  `  PGPASSWORD="$MIRROR_PASSWORD" psql "$MIRROR" -c 'SELECT count(*) FROM salesforce.contact'`,
  '',
  'How fresh each table is:',
  '  lockstep status',
];

function literalLines({ base, token, mirrorUrl, consoleUrl }: Demo, { accountId }: Shown): string[] {
  const time = new Date(systemClock.now()).toTimeString().slice(0, 8);
  const update = JSON.stringify({ Name: `Written at ${time}` });
  return [
    'The mirror, for any PostgreSQL client, and the proxy in place of Salesforce:',
    `  ${mirrorUrl}`,
    `  ${base}`,
    '',
    'The same without the variables:',
    `  curl -i -X PATCH ${quoted(`${base}/services/data/v62.0/sobjects/Account/${accountId}`)} \\`,
    `    -H ${quoted(`Authorization: Bearer ${token}`)} \\`,
    `    -H 'Content-Type: application/json' -d ${quoted(update)}`,
    `  lockstep sql "SELECT name, systemmodstamp FROM salesforce.account WHERE id = '${accountId}'"`,
    `  ${psqlLine(mirrorUrl)} -c 'SELECT count(*) FROM salesforce.contact'`,
    '',
    `The console, to which the link above signs you in: ${consoleUrl}`,
    '',
    'Ctrl-C stops everything; npm run demo continues where it stopped,',
    'npm run demo -- --fresh starts over.',
  ];
}
