// Writes docs/simulator.md from the control endpoints of the simulated org. Run after changing them: npm run
// simulator-page
import { writeFileSync } from 'node:fs';
import type { ControlEndpoint } from '@lockstep/simulated-org/control/testing';
import { endpointGroups, namedAnswers, schemaOf } from '@lockstep/simulated-org/control/testing';

interface Schema {
  description?: string;
  enum?: readonly unknown[];
  default?: unknown;
  properties?: Readonly<Record<string, Schema>>;
}

const intro = `# The simulated org

A Salesforce org in a PostgreSQL database, for tests in any language, yours as well as Lockstep's. It serves the REST
API (sobjects, SOQL, composites, limits, \`updated\` and \`deleted\`), Bulk API 2.0 and OAuth with Salesforce's statuses,
bodies and headers. A second port, the control API, moves its clock and makes it misbehave. This page is generated from
\`packages/simulated-org/src/control/control-endpoints.ts\`; \`GET /\` of the control API lists the same endpoints with
JSON schemas.

## Start it

\`\`\`sh
./lockstep simulated-org --records 1000     # on the embedded PostgreSQL; Ctrl-C stops it
\`\`\`

It prints its URL on standard output (\`--json\`: one object with \`url\`, \`control_url\`, \`org_id\` and
\`credentials_file\`). The next start continues with the same org. \`--port\` (8402) and \`--control-port\` (8403) set the
ports; if one is taken, the org tries the next one. \`--rules FILE\` gives it
[validation rules and triggers](org-rules.md). \`npm run demo\` starts an org too.

## Sign in and send requests

Point your client's login URL at the org. \`.lockstep/org-credentials.json\` holds the apps and users:

| entry | signs in with | as |
|---|---|---|
| \`integration\` | client credentials, or JWT bearer once \`/signIn/app\` knows its certificate | the user of the sync |
| \`demo\` | username and password, with or without \`securityToken\`; SOAP \`login()\` | a person |
| \`web\` | authorization code with PKCE, device code, refresh token | whoever logs in |

\`\`\`sh
ORG=http://127.0.0.1:8402
app() { node -p "JSON.parse(fs.readFileSync('.lockstep/org-credentials.json')).$1"; }
TOKEN=$(curl -s $ORG/services/oauth2/token -d grant_type=client_credentials \\
  -d client_id=$(app integration.clientId) -d client_secret=$(app integration.clientSecret) \\
  | node -p 'JSON.parse(fs.readFileSync(0)).access_token')
api() { curl -s "$@" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json'; }

api "$ORG/services/data/v62.0/query?q=SELECT+Id,Name+FROM+Account+LIMIT+3"
\`\`\`

## Shape the org

\`\`\`sh
CONTROL=http://127.0.0.1:8403
tell() { curl -s $CONTROL$1 -H 'Content-Type: application/json' -d "$2"; }

curl -s $CONTROL/                                             # everything it can do
tell /clock/advance '{"ms": 3600000}'                         # an hour later
tell /org/addUser '{"username": "ann@example.com"}'           # a person; her password is in the answer
tell /users/rights '{"user": "demo", "objects": {"Lead": {"read": false}}}'
tell /sobjects/create '{"name": "Shop__c", "label": "Shop", "fields": [{"name": "Region__c", "type": "string", "length": 40}]}'
\`\`\`

GET reads; POST with a JSON body acts. A call that cannot be served is answered with 400, 403, 404, 405, 413 or 415 and
\`{"error": "…"}\`, which says what to do instead. There is no password: the control API answers only programs on this
machine and never web pages (it refuses requests with an Origin header, or with a Host that is not this machine's).

### A lost answer

The write succeeds, but the connection breaks before the client gets the answer. Does your client write twice?

\`\`\`sh
tell /faults '{"match": {"method": "POST", "path": "*/sobjects/Account"}, "effect": {"reset": "after"}}'
api $ORG/services/data/v62.0/sobjects/Account -d '{"Name": "Once"}'   # no answer
api "$ORG/services/data/v62.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='Once'"   # it is there
\`\`\`

### A late commit

A record appears with a stamp older than what a poll has already read. Does your client ever find it?

\`\`\`sh
ID=$(tell /transactions/open '{"as": "demo", "writes": [{"create": "Account", "values": {"Name": "Late"}}]}' \\
  | node -p 'JSON.parse(fs.readFileSync(0)).id')
tell /clock/advance '{"ms": 60000}'
api "$ORG/services/data/v62.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='Late'"   # nothing yet
tell /transactions/commit "{\\"id\\": \\"$ID\\"}"
api "$ORG/services/data/v62.0/query?q=SELECT+Id,SystemModstamp+FROM+Account+WHERE+Name='Late'"   # a minute old
\`\`\`

## What is not served

Tooling, Metadata and Connect APIs, Bulk API 1.0, SOAP except \`login()\`, SOSL and search, GraphQL, change events and
Pub/Sub, Apex REST, reports, approvals, recent items, default values and layouts. There are no person accounts, multiple
currencies, or state and country picklists. Requests for these get a 404 or an empty answer, as from an org without
them. All versions of the API from 31.0 on answer; an older one may have what Salesforce added only later. Versions
before 31.0 are retired (410). The log of deletions (\`deleted\`) also lists records that the user may not see.
`;

const code = (text: string): string => `\`${text.replaceAll('|', '\\|')}\``;
const cell = (text: string): string => text.replaceAll('|', '\\|');

function endpointRow({ method, path, does, example }: ControlEndpoint): string {
  const body = method === 'POST' ? code(JSON.stringify(example)) : '';
  return `| ${code(`${method} ${path}`)} | ${cell(does)} | ${body} |`;
}

const groupText = ({ title, about, endpoints }: (typeof endpointGroups)[number]): string =>
  [
    `## ${title}`,
    '',
    about,
    '',
    '| call | does | example |',
    '|---|---|---|',
    ...endpoints.map(endpointRow),
    '',
  ].join('\n');

/** A row for each field of the body that arms a fault, nested fields included. */
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
  const arm = endpointGroups
    .flatMap(({ endpoints }) => endpoints)
    .find((endpoint) => endpoint.path === '/faults' && endpoint.method === 'POST');
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

export const simulatorPage = (): string => [intro, ...endpointGroups.map(groupText), faultText()].join('\n');

if (import.meta.main) writeFileSync(new URL('../docs/simulator.md', import.meta.url), simulatorPage());
