/** The server that `lockstep login` has remembered for this user, with the key for it. */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { usageError } from '../core/request-error.ts';

const schema = z.object({ url: z.string(), key: z.string() });
export type Login = z.infer<typeof schema>;

/** Null: there is none. @throws a usage error if the file cannot be used */
export async function readLogin(file: string): Promise<Login | null> {
  try {
    return schema.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as { code?: unknown }).code === 'ENOENT') return null;
    throw usageError(`The file ${file} cannot be used`, 'To write it anew: lockstep login URL');
  }
}

/** Only this user can read it. */
export async function writeLogin(file: string, login: Login): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const unfinished = `${file}.${process.pid}`;
  await writeFile(unfinished, `${JSON.stringify(login)}\n`, { mode: 0o600 });
  await rename(unfinished, file);
}

export const forgetLogin = (file: string): Promise<void> => rm(file, { force: true });
