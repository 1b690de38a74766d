/** Secrets come from a file, from standard input or from a person who types them unseen, never from a flag. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text as readAll } from 'node:stream/consumers';
import { interruption, usageError } from '../../core/request-error.ts';

interface Asked {
  /** `-` for standard input; undefined: a person is asked. */
  file: string | undefined;
  question: string;
  /** What a person without a terminal has to give. */
  flag: string;
  help: string;
}

/** @throws a usage error if there is nobody to ask; an interruption after Ctrl-C */
export async function secretOf({ file, question, flag, help }: Asked): Promise<string> {
  if (file === '-') return (await readAll(process.stdin)).trim();
  if (file !== undefined) return readSecretFile(file, help);
  if (process.stdin.isTTY && process.stderr.isTTY) return askSecret(question);
  throw usageError(`Without a terminal to ask on, --${flag} is needed`, help);
}

export async function readSecretFile(file: string, help: string): Promise<string> {
  const secret = await readFile(file, 'utf8').catch((error: { code?: unknown }) => {
    throw usageError(`The file ${file} cannot be read (${String(error.code)})`, help);
  });
  if (secret.trim() === '') throw usageError(`The file ${file} is empty`, help);
  return secret.trim();
}

/**
 * Does not echo what is typed.
 * @throws an interruption, which ends the command quietly, after Ctrl-C and Ctrl-D
 */
async function askSecret(question: string): Promise<string> {
  process.stderr.write(question);
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const reader = createInterface({ input: process.stdin, output: nowhere, terminal: true });
  const ended = once(reader, 'close').then(() => undefined);
  try {
    const answer = await Promise.race([reader.question('').catch(() => undefined), ended]);
    if (answer === undefined) throw interruption();
    return answer.trim();
  } finally {
    reader.close();
    process.stderr.write('\n');
  }
}
