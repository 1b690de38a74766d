/**
 * Makes each client's round of calls twice, directly at a simulated org and through the proxy in front of its twin, and
 * compares what the client tells. Use: npm run client-rounds -- [--client NAME] [--allow-missing] [--json]
 *
 * After each answer with `Lockstep-Applied: yes` the mirror must show the written records, before the client gets the
 * answer. Exit status 0 if all is the same, 1 if something differs or a client is missing, 2 if the run could not tell.
 */
import { parseArgs } from 'node:util';
import { runCommand, say } from '@lockstep/harness/command';
import { openServer } from '@lockstep/harness/postgres-server';
import { isGood, type Outcome, outcomeOf } from './outcome.ts';
import { complaints, table } from './report.ts';
import { clientRounds } from './rounds.ts';
import { openSides } from './sides.ts';

const usage = `npm run client-rounds -- [--client NAME] [--allow-missing] [--json]

  --client NAME    only this one: ${clientRounds.map(({ name }) => name).join(', ')}
  --allow-missing  a client that cannot be fetched or run here is no failure
  --json           one line of JSON for each client instead of the table
`;

const options = {
  options: {
    client: { type: 'string' },
    'allow-missing': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
} as const;

async function main(): Promise<boolean> {
  const { values } = parseArgs(options);
  if (values.help) {
    process.stderr.write(usage);
    return true;
  }
  const chosen = clientRounds.filter(({ name }) => values.client === undefined || name === values.client);
  if (chosen.length === 0) throw new Error(usage);
  await using server = await openServer();
  process.env.TEST_POSTGRES_URL = server.url; // the harness reads it
  await using sides = await openSides();
  const outcomes: Outcome[] = [];
  for (const round of chosen) {
    const outcome = await outcomeOf(round, sides);
    outcomes.push(outcome);
    if (values.json) say(JSON.stringify(outcome));
    else process.stderr.write(`${outcome.client}: ${outcome.missing === null ? 'done' : 'missing'}\n`);
  }
  if (!values.json) say(table(outcomes));
  for (const line of outcomes.flatMap(complaints)) process.stderr.write(`${line}\n`);
  return outcomes.every((outcome) => isGood(outcome, values['allow-missing']));
}

await runCommand(main);
