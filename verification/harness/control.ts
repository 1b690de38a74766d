import { type Clock, systemClock } from '@lockstep/foundation/clock';
import { openLog } from '@lockstep/foundation/log';
import type { NewSync } from 'lockstep/control';
import { type Control, openControl } from 'lockstep/control';
import { type Key, keyFromBytes, newKeyBytes } from 'lockstep/control/testing';
import { newSyncId, type OrgId } from 'lockstep/core/ids';
import type { AppLog, LogFields } from 'lockstep/core/log-fields';
import type { TestDatabase } from './database.ts';
import { openFilledDatabase } from './templates.ts';

/** A control database for one test file, and a log whose lines a test can wait for. */
export interface TestControl extends AsyncDisposable {
  control: Control;
  database: TestDatabase;
  key: Key;
  /** For another process that opens the same control database. */
  keyBytes: Buffer;
  log: TestLog;
  /** Opens it once more, as another process would. Disposed with the rest. */
  openAnother(): Promise<Control>;
}

type Line = LogFields & { msg: string };

export interface TestLog {
  log: AppLog;
  /** Every line so far, as it was written. */
  text(): string;
  /** The next line with this message from now on. */
  next(message: string): Promise<Line>;
}

export function openTestLog(): TestLog {
  const lines: string[] = [];
  let waiting: { message: string; resolve: (line: Line) => void }[] = [];
  const write = (text: string) => {
    lines.push(text);
    const line = JSON.parse(text) as Line;
    for (const waiter of waiting.filter(({ message }) => message === line.msg)) waiter.resolve(line);
    waiting = waiting.filter(({ message }) => message !== line.msg);
  };
  return {
    log: openLog<LogFields>({ write }, 'debug'),
    text: () => lines.join(''),
    next: (message) => new Promise((resolve) => waiting.push({ message, resolve })),
  };
}

export async function openTestControl(clock: Clock = systemClock): Promise<TestControl> {
  const bytes = newKeyBytes();
  const key = keyFromBytes(bytes);
  const log = openTestLog();
  const open = (url: string) => openControl({ url, key, applicationName: 'test', clock, log: log.log });
  const database = await openFilledDatabase('control', async (url) => (await open(url)).end());
  const opened: Control[] = [];
  const openAnother = async () => {
    const control = await open(database.url);
    opened.push(control);
    return control;
  };
  return {
    control: await openAnother(),
    database,
    key,
    keyBytes: bytes,
    log,
    openAnother,
    async [Symbol.asyncDispose]() {
      for (const control of opened) await control.end();
      await database[Symbol.asyncDispose]();
    },
  };
}

export const newSync = (change: Partial<NewSync> = {}): NewSync => {
  const id = newSyncId();
  return {
    id,
    name: `acme ${id.slice(-6)}`,
    orgId: '00D000000000001AAA' as OrgId,
    loginUrl: 'https://login.example.com',
    instanceUrl: 'https://acme.example.com',
    apiVersion: '64.0',
    sobjects: ['Account', 'Contact'],
    intervalMs: 3_000,
    tableSchema: 'salesforce',
    credential: { flow: 'client credentials', clientId: 'client id', clientSecret: 'client secret' },
    writerPassword: 'writer password',
    readerPassword: 'reader password',
    ...change,
  };
};
