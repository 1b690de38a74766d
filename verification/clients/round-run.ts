import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestOrg } from '@lockstep/harness/org';
import type { ClientRound } from './rounds.ts';

/** What a program told. */
export interface RoundRun {
  version: string;
  answers: ReadonlyMap<string, unknown>;
  /** Why it ended before its last step; null if it did not. */
  failure: string | null;
}

/** The slowest round, that of sf, takes about a minute. */
const timeLimitMs = 300_000;
const stderrLength = 2_000;

/** Runs a client's program with a home folder of its own. */
export async function runRound(round: ClientRound, org: TestOrg, base: string): Promise<RoundRun> {
  const home = await mkdtemp(join(tmpdir(), 'lockstep-client-'));
  const { command, environment } = await round.start(home);
  const [file = '', ...args] = command;
  const program = spawn(file, args, {
    cwd: home,
    env: { ...process.env, HOME: home, ...environment, ...variables(round, org, base) },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeLimitMs,
  });
  let version = '';
  const answers = new Map<string, unknown>();
  createInterface({ input: program.stdout }).on('line', (line) => {
    const told = JSON.parse(line) as { version?: string; step?: string; answer?: unknown };
    if (told.version !== undefined) version = told.version;
    if (told.step !== undefined) answers.set(told.step, told.answer);
  });
  let errorText = '';
  program.stderr.setEncoding('utf8').on('data', (text: string) => {
    errorText = (errorText + text).slice(-stderrLength);
  });
  const ended = Promise.withResolvers<number | string>();
  program.once('error', ended.reject);
  program.once('close', (code, signal) => ended.resolve(code ?? signal ?? ''));
  const status = await ended.promise;
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
  return { version, answers, failure: status === 0 ? null : `it ended with ${status}: ${errorText}` };
}

const variables = ({ name, form }: ClientRound, { url, credentials }: TestOrg, base: string) => ({
  ROUND_ORG: url,
  ROUND_BASE: base,
  ROUND_CLIENT_ID: credentials.demo.clientId,
  ROUND_CLIENT_SECRET: credentials.demo.clientSecret,
  ROUND_USERNAME: credentials.demo.username,
  ROUND_PASSWORD: credentials.demo.password,
  ROUND_SECURITY_TOKEN: credentials.demo.securityToken,
  ROUND_KEY: `a/b;c\\d é ${name}`,
  ROUND_FORM: form,
});
