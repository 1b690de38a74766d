import { spawnSync } from 'node:child_process';
import { copyFile, mkdir } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import {
  clientFolders,
  type FetchedClient,
  fetchClient,
  fetchedInto,
  goEnvironment,
  isFetched,
} from '@lockstep/harness/fetched-clients';

/** A client whose program in `programs/` makes a full round of calls. */
export interface ClientRound {
  name: string;
  /** Where the base URL has the sync id. */
  form: 'path' | 'host';
  /** Null if it is installed with this project. */
  fetched: FetchedClient | null;
  /** The command of its language; null for Node. */
  language: string | null;
  /** @param folder  of this run, empty */
  start: (folder: string) => Promise<Program>;
}

export interface Program {
  command: readonly string[];
  environment: Record<string, string>;
}

const programs = join(import.meta.dirname, 'programs');
const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
/** Found by clients that start `node` or `sf` themselves. */
const path = [dirname(process.execPath), join(clientFolders.sf, 'node_modules', '.bin'), process.env.PATH];

const onNode = (program: string) => async (): Promise<Program> => ({
  command: [...node, join(programs, program)],
  environment: {
    PATH: path.join(delimiter),
    NODE_OPTIONS: `--import=${join(programs, 'localhost-names.mjs')}`,
    SF_DISABLE_TELEMETRY: 'true',
    SF_AUTOUPDATE_DISABLE: 'true',
    SF_SKIP_NEW_VERSION_CHECK: 'true',
  },
});

async function startPython(): Promise<Program> {
  return {
    command: ['python3', join(programs, 'simple-salesforce.py')],
    // simple-salesforce writes the columns of its CSV in the order of a set, which Python shuffles by this seed.
    environment: { PYTHONPATH: clientFolders.python, PYTHONHASHSEED: '0' },
  };
}

async function startJava(): Promise<Program> {
  return {
    command: ['java', '-cp', join(clientFolders.camel, '*'), join(programs, 'Camel.java')],
    environment: {},
  };
}

async function startGo(folder: string): Promise<Program> {
  const project = join(folder, 'project'); // Go ignores a go.mod in the system's temporary folder
  await mkdir(project);
  for (const name of ['go.mod', 'go.sum']) await copyFile(join(clientFolders.go, name), join(project, name));
  await copyFile(join(programs, 'go-salesforce.go'), join(project, 'main.go'));
  return {
    command: ['go', '-C', project, 'run', 'main.go'],
    environment: { ...goEnvironment, GOPROXY: 'off' },
  };
}

const jsforce = { fetched: null, language: null, start: onNode('jsforce.ts') } as const;
const sf = { fetched: fetchedInto(clientFolders.sf), language: null, start: onNode('sf.ts') } as const;

export const clientRounds: readonly ClientRound[] = [
  { name: 'jsforce', form: 'host', ...jsforce },
  { name: 'jsforce-path', form: 'path', ...jsforce },
  {
    name: 'simple-salesforce',
    form: 'path',
    fetched: fetchedInto(clientFolders.python),
    language: 'python3',
    start: startPython,
  },
  {
    name: 'camel',
    form: 'path',
    fetched: fetchedInto(clientFolders.camel),
    language: 'java',
    start: startJava,
  },
  { name: 'go', form: 'path', fetched: fetchedInto(clientFolders.go), language: 'go', start: startGo },
  { name: 'sf', form: 'host', ...sf },
  { name: 'sf-path', form: 'path', ...sf },
];

/** @returns null, or why the round cannot run as things are */
export function missingFor({ fetched, language }: ClientRound): string | null {
  if (language !== null && spawnSync(language, ['--version']).error) return `${language} is not installed`;
  return fetched === null || isFetched(fetched) ? null : `${fetched.name}: npm run clients fetches it`;
}

/** Fetches the client if needed. @returns null, or why the round cannot run all the same */
export async function obtain(round: ClientRound): Promise<string | null> {
  const { fetched } = round;
  if (fetched !== null && !isFetched(fetched)) {
    process.stderr.write(`fetching ${fetched.name}\n`);
    const why = await fetchClient(fetched);
    if (why !== null) return why;
  }
  return missingFor(round);
}
