// Writes docs/simulator.md from the knobs of the simulated org. Run after changing them: npm run simulator-page
import { writeFileSync } from 'node:fs';
import type { Knob } from '../src/simulator/control/knob.ts';
import { knobGroups, schemaOf } from '../src/simulator/control/knobs.ts';
import { namedAnswers } from '../src/simulator/control/named-answers.ts';

interface Schema {
  description?: string;
  enum?: readonly unknown[];
  default?: unknown;
  properties?: Readonly<Record<string, Schema>>;
}

const intro = `# The simulated org

A Salesforce org in a PostgreSQL database, for tests: yours as well as Lockstep's. It answers the REST API
(sobjects, query, composite, limits, \`updated\` and \`deleted\`), Bulk API 2.0 and OAuth sign-in with Salesforce's
statuses, bodies and headers. A second port, the control API, moves its time and makes it misbehave. This page is
made from \`src/simulator/control/knobs.ts\`, and \`GET /\` of the control API lists the same with JSON schemas.

## Start it

\`\`\`sh
npm run -s lockstep -- org --records 1000     # on the PostgreSQL that comes along; Ctrl-C stops it
\`\`\`

It prints its URL on standard output (\`--json\`: one object with \`url\`, \`control_url\`, \`org_id\` and
\`credentials_file\`) and goes on where it was at the next start. \`--port\` (8402) and \`--control-port\` (8403) say
where it listens; a port that is taken makes way to the next one. \`npm run demo\` starts one as well.

## Sign in and ask

The file \`.lockstep/org-credentials.json\` holds two apps: \`integration\` (client credentials) and \`demo\`
(username and password).

\`\`\`sh
ORG=http://127.0.0.1:8402
app() { node -p "JSON.parse(fs.readFileSync('.lockstep/org-credentials.json')).$1"; }
TOKEN=$(curl -s $ORG/services/oauth2/token -d grant_type=client_credentials \\
  -d client_id=$(app integration.clientId) -d client_secret=$(app integration.clientSecret) \\
  | node -p 'JSON.parse(fs.readFileSync(0)).access_token')

curl -s "$ORG/services/data/v62.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3" -H "Authorization: Bearer $TOKEN"
\`\`\`

## Control it

\`\`\`sh
CONTROL=http://127.0.0.1:8403
curl -s $CONTROL/                             # everything it can do
curl -s $CONTROL/clock/advance -H 'Content-Type: application/json' -d '{"ms": 3600000}'
curl -s $CONTROL/faults -H 'Content-Type: application/json' \\
  -d '{"match": {"path": "/services/data/*/query"}, "effect": {"answer": "QUERY_TIMEOUT"}}'
\`\`\`

GET reads, POST with a JSON body does. What cannot be done is answered 400, 403, 404, 405, 413 or 415 with
\`{"error": "…"}\`, which says what to do instead. There is no password: only programs of this machine are answered,
never web pages (a request with an Origin is refused, and so is a Host that is not this machine's).
`;

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');

function knobRow({ method, path, does, example }: Knob): string {
  const body = method === 'POST' ? code(JSON.stringify(example)) : '';
  return `| ${code(`${method} ${path}`)} | ${cell(does)} | ${body} |`;
}

const groupText = ({ title, about, knobs }: (typeof knobGroups)[number]): string =>
  [
    `## ${title}`,
    '',
    about,
    '',
    '| call | does | example |',
    '|---|---|---|',
    ...knobs.map(knobRow),
    '',
  ].join('\n');

/** The fields of a part of the body by which a fault is armed, with those of their own. */
function fieldRows(schema: Schema | undefined, before = ''): string[] {
  return Object.entries(schema?.properties ?? {}).flatMap(([name, field]) => {
    const isLong = (field.enum?.length ?? 0) > 5;
    const values = field.enum && !isLong ? field.enum.map((value) => code(String(value))).join(', ') : '';
    const hasDefault = field.default !== undefined && typeof field.default !== 'object';
    const otherwise = hasDefault ? `Default: ${code(String(field.default))}.` : '';
    const says = [field.description ?? '', values && `${values}.`, otherwise].filter(Boolean).join(' ');
    return [`| ${code(before + name)} | ${cell(says)} |`, ...fieldRows(field, `${before}${name}.`)];
  });
}

function faultText(): string {
  const arm = knobGroups
    .flatMap(({ knobs }) => knobs)
    .find((knob) => knob.path === '/faults' && knob.method === 'POST');
  const schema = (arm ? schemaOf(arm) : {}) as Schema;
  const names = namedAnswers.map(code).join(', ');
  return [
    '## A fault in full',
    '',
    '| field | says |',
    '|---|---|',
    ...fieldRows(schema),
    '',
    `The names of \`effect.answer\`: ${names}.`,
    '',
  ].join('\n');
}

export const simulatorPage = (): string => [intro, ...knobGroups.map(groupText), faultText()].join('\n');

if (import.meta.main) writeFileSync(new URL('../docs/simulator.md', import.meta.url), simulatorPage());
