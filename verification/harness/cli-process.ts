import { type ChildProcess, spawn } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './source-files.ts';

/** The command line as a person runs it: a process with its own environment and folders. */
export interface Cli extends AsyncDisposable {
  folder: string;
  dataDir: string;
  run(args: readonly string[], environment?: Record<string, string>): Promise<ExitResult>;
  /** Resolves as soon as the process has printed `until`, on stdout or stderr. */
  start(args: readonly string[], until: string, environment?: Record<string, string>): Promise<Running>;
  /** Runs a shell line in which `lockstep` is this command line. */
  shell(line: string): Promise<ExitResult>;
}

export interface ExitResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  stdout(): string;
  stderr(): string;
  /** Resolves as soon as the process has printed the text. */
  says(text: string): Promise<void>;
  /** Resolves when the process has ended, for whatever reason. */
  ended: Promise<ExitResult>;
  end(signal: NodeJS.Signals): Promise<ExitResult>;
}

const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
/** @param main  the program; a test may pass another version's */
export async function openCli(
  environment: Record<string, string> = {},
  main = join(root, 'packages/lockstep/src/main.ts'),
): Promise<Cli> {
  const program = [...node, main];
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-cli-'));
  await chmod(folder, 0o711); // under root, PostgreSQL runs as another user
  const dataDir = join(folder, 'data');
  const own = {
    PATH: process.env.PATH ?? '',
    HOME: folder,
    TMPDIR: folder,
    NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'compile'), // these tests start many processes
    LOCKSTEP_DATA: dataDir,
    LOCKSTEP_PROXY_PORT: '0',
    LOCKSTEP_METRICS_PORT: '0',
    LOCKSTEP_API_PORT: '0',
    LOCKSTEP_ORG_PORT: '0',
    LOCKSTEP_POSTGRES_PORT: '0',
    ...environment,
  };
  const started = new Set<ChildProcess>();
  const open = (command: readonly string[], more: Record<string, string> = {}) => {
    const [file = '', ...args] = command;
    const child = spawn(file, args, {
      cwd: folder,
      env: { ...own, ...more },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    started.add(child);
    child.once('close', () => started.delete(child));
    return child;
  };
  return {
    folder,
    dataDir,
    run: (args, more) => ended(open([...program, ...args], more)),
    async start(args, until, more) {
      const child = open([...program, ...args], more);
      const end = ended(child);
      const heard = hear(child);
      const says = (text: string) =>
        new Promise<void>((resolve, reject) => {
          const look = () => (heard.stdout + heard.stderr).includes(text) && resolve();
          child.stdout?.on('data', look);
          child.stderr?.on('data', look);
          look();
          void end.then(({ code, stderr }) => reject(new Error(`it ended with ${code}: ${stderr}`)));
        });
      await says(until);
      return {
        says,
        ended: end,
        stdout: () => heard.stdout,
        stderr: () => heard.stderr,
        end(signal) {
          child.kill(signal);
          return end;
        },
      };
    },
    shell: (line) => ended(open(['/bin/sh', '-c', `lockstep() { ${program.join(' ')} "$@"; }\n${line}`])),
    async [Symbol.asyncDispose]() {
      for (const child of started) child.kill('SIGINT');
      await Promise.all([...started].map(ended));
      await rm(folder, { recursive: true, maxRetries: 5 });
    },
  };
}

function hear(child: ChildProcess): { stdout: string; stderr: string } {
  const heard = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      heard[stream] += text;
    });
  }
  return heard;
}

function ended(child: ChildProcess): Promise<ExitResult> {
  const heard = hear(child);
  return new Promise((resolve) => child.once('close', (code) => resolve({ code, ...heard })));
}
