import { join, resolve } from 'node:path';
import { shellWord } from '@lockstep/foundation/shell-words';
import { formatCount } from '../../core/plain-words.ts';
import { RequestError } from '../../core/request-error.ts';
import { prepareDirectory, restartedText, startOwnServer, writeSecretFile } from '../../server/index.ts';
import type { Arguments, Command, Flag } from '../arguments.ts';
import { credentialsFileOf } from '../demo/org-database.ts';
import { startOrg } from '../demo/org-program.ts';
import { aborted } from '../terminal/signals.ts';

/** Flags of the simulated org, which the demo takes too. */
export const orgFlags: Readonly<Record<string, Flag>> = {
  records: {
    value: 'N',
    description: 'Records to make at the first start, 100 to 20000000 (default 50000).',
  },
  activity: { value: 'R', description: 'Changes a second, 0 to 1000.' },
  seed: { value: 'N', description: 'Seed of the random records (default 1).' },
  'control-port': {
    value: 'PORT',
    description: 'Where its control API listens (default 8403); 0: any free one.',
  },
};

export interface OrgChoices {
  records: number;
  activityPerSecond: number;
  seed: number;
  /** The port of its control API. */
  controlPort: number;
}

export const orgChoices = (args: Arguments, activity: number): OrgChoices => ({
  records: args.number('records', { min: 100, max: 20_000_000, otherwise: 50_000 }),
  activityPerSecond: args.number('activity', { min: 0, max: 1000, otherwise: activity, whole: false }),
  seed: args.number('seed', { min: 0, max: 2 ** 31, otherwise: 1 }),
  controlPort: args.number('control-port', { min: 0, max: 65_535, otherwise: 8403 }),
});

export const simulatedOrg: Command = {
  flags: {
    port: { value: 'PORT', description: 'Where it listens, in place of LOCKSTEP_ORG_PORT.' },
    rules: {
      value: 'FILE',
      description: 'Validation rules and triggers (docs/org-rules.md); kept until others are given.',
    },
    ...orgFlags,
  },
  async run(args, { config, output, stop }) {
    const { dataDir, databaseUrl: own } = config;
    const choices = orgChoices(args, 0);
    const rules = args.text('rules');
    const port = args.number('port', { min: 0, max: 65_535, otherwise: config.orgPort });
    const say = (line: string) => output.say(line);
    const onRestart = (number: number) => say(restartedText(number));
    await prepareDirectory(dataDir);
    await using undo = new AsyncDisposableStack();
    let adminUrl = own;
    let lost = new Promise<never>(() => undefined);
    if (adminUrl === undefined) {
      const embedded = await startOwnServer(config, { say, onRestart });
      undo.defer(() => embedded.leave());
      adminUrl = embedded.url;
      lost = embedded.lost;
    }
    const server = { adminUrl, isEmbedded: own === undefined };
    const onSeeded = (seeded: number, of: number) =>
      output.show([`Making records: ${formatCount(seeded)} of ${formatCount(of)}`]);
    const program = undo.use(
      await startOrg({
        server,
        dataDir,
        port,
        ...choices,
        ...(rules !== undefined && { rulesFile: resolve(rules) }),
        say,
        onSeeded,
        stop,
      }),
    );
    output.show([]);
    const clientId = join(dataDir, 'org-client-id');
    const clientSecret = join(dataDir, 'org-client-secret');
    await writeSecretFile(clientId, `${program.credentials.integration.clientId}\n`);
    await writeSecretFile(clientSecret, `${program.credentials.integration.clientSecret}\n`);
    const { url, controlUrl } = program;
    const facts = { url, control_url: controlUrl, org_id: program.orgId, records: program.records };
    if (output.wantsJson)
      output.object({ schema: 1, ready: true, ...facts, credentials_file: credentialsFileOf(dataDir) });
    else output.data(program.url);
    say(
      `Org ${program.orgId} with ${formatCount(program.records)} records. Its secrets: ${credentialsFileOf(dataDir)}`,
    );
    say(`To control its time and faults: ${controlUrl} (docs/simulator.md)`);
    const allow = `LOCKSTEP_ALLOW_HOST=${new URL(program.url).host}`;
    const files = `--client-id-file ${shellWord(clientId)} --client-secret-file ${shellWord(clientSecret)}`;
    say('To run a server that may read it:');
    say(`  ${allow} lockstep start`);
    say('To create a sync of it, in another terminal:');
    say(`  lockstep sync create --org ${program.url} ${files} --objects Account,Contact`);
    say('Ctrl-C stops it.');
    await Promise.race([aborted(stop), program.ended, lost]);
    if (!stop.aborted)
      throw new RequestError('The simulated org has ended', {
        kind: 'unexpected',
        next: 'See the lines above, then start it again: lockstep simulated-org',
      });
  },
};
