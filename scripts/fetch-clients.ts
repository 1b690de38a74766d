// Fetches what the examples in docs/clients.md need in other languages, so that the tests can run them: npm run
// clients. It uses each language's own tools, if they are installed, and puts everything into .clients/.
import { spawnSync } from 'node:child_process';
import { mkdir, rm } from 'node:fs/promises';
import { clientFolders, goEnvironment } from '@lockstep/harness/fetched-clients';

interface Client {
  name: string;
  folder: string;
  commands: readonly string[][];
  environment?: Record<string, string>;
}

const { python, java, go } = clientFolders;
const clients: readonly Client[] = [
  {
    name: 'simple-salesforce and psycopg',
    folder: python,
    commands: [
      [
        'python3',
        '-m',
        'pip',
        'install',
        '--quiet',
        '--target',
        python,
        'simple-salesforce==1.12.10',
        'psycopg[binary]==3.3.9',
      ],
    ],
  },
  {
    name: 'the PostgreSQL JDBC driver',
    folder: java,
    commands: [
      [
        'mvn',
        '--quiet',
        '--batch-mode',
        'dependency:copy',
        '-Dartifact=org.postgresql:postgresql:42.7.14',
        `-DoutputDirectory=${java}`,
        '-Dmdep.stripVersion=true',
      ],
    ],
  },
  {
    name: 'pgx',
    folder: go,
    commands: [
      ['go', 'mod', 'init', 'example'],
      ['go', 'get', 'github.com/jackc/pgx/v5@v5.13.0'],
      ['go', 'build', 'net/http', 'github.com/jackc/pgx/v5'], // so that no test waits for it
    ],
    environment: goEnvironment,
  },
];

/** Null, or why it could not be fetched; then its folder is removed. */
async function fetchClient({ folder, commands, environment }: Client): Promise<string | null> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [file = '', ...args] of commands) {
    const { error, status, stdout, stderr } = spawnSync(file, args, {
      cwd: folder,
      env: { ...process.env, ...environment },
      encoding: 'utf8',
    });
    if (status === 0) continue;
    await rm(folder, { recursive: true, force: true });
    return error ? `${file} is not installed` : `${[file, ...args].join(' ')}\n${stdout}${stderr}`;
  }
  return null;
}

for (const client of clients) {
  const why = await fetchClient(client);
  process.stdout.write(why === null ? `fetched  ${client.name}\n` : `without  ${client.name}: ${why}\n`);
}
