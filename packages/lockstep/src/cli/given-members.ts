/**
 * Members of a request's body as a person gives them: in a JSON file, and by flags, which win over it. Secrets are
 * named by file: `client_secret_file` in place of `client_secret`.
 */
import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { closestForm } from '../core/closest-form.ts';
import { RequestError, usageError } from '../core/request-error.ts';
import { secretOf } from './terminal/secret.ts';

export type Members = Readonly<Record<string, unknown>>;

export const membersSchema = z.record(z.string(), z.unknown());
const isMembers = (value: unknown): value is Members => membersSchema.safeParse(value).success;

/** Members that may be named by file. */
const secrets = new Set([
  'client_id',
  'client_secret',
  'private_key',
  'refresh_token',
  'password',
  'ca',
  'key',
]);

/** @returns what the file says, with the paths of other files resolved from its folder */
export async function readMembersFile(file: string, help: string): Promise<Members> {
  const text = await readFile(file, 'utf8').catch((error: { code?: unknown }) => {
    throw usageError(`The file ${file} cannot be read (${String(error.code)})`, help);
  });
  const read = parsed(text, file, help);
  if (isMembers(read)) return withPaths(read, dirname(file));
  throw usageError(`The file ${file} holds no JSON object`, help);
}

/** Of the reason only the place is told: it quotes the text, which may contain a secret. */
function parsed(text: string, file: string, help: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const [place] = / \(line \d+ column \d+\)$/.exec((error as Error).message) ?? [''];
    throw usageError(`The file ${file} is not JSON${place}`, help);
  }
}

function withPaths(given: Members, folder: string): Members {
  const entries = Object.entries(given).map(([name, value]) => {
    if (isMembers(value)) return [name, withPaths(value, folder)];
    const isPath = name.endsWith('_file') && typeof value === 'string';
    return [name, isPath ? resolve(folder, value) : value];
  });
  return Object.fromEntries(entries) as Members;
}

/** What flags give takes the place of members that give the same, also in another way. */
export function overlaid(given: Members, flags: Members): Members {
  const places = new Set(Object.keys(flags).map(placeOf));
  const kept = Object.entries(given).filter(([name]) => !places.has(placeOf(name)));
  return { ...Object.fromEntries(kept), ...flags };
}

/** A JWT key is given as a file, as text or by its name. */
const placeOf = (name: string): string => name.replace(/_file$/, '').replace(/^private_key$/, 'key');

/** With the contents of the files that it names. @throws a usage error if one cannot be read */
export async function withSecrets(given: Members, help: string): Promise<Members> {
  const read: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(given)) {
    const secret = name.replace(/_file$/, '');
    if (isMembers(value)) read[name] = await withSecrets(value, help);
    else if (secret === name || !secrets.has(secret) || typeof value !== 'string') read[name] = value;
    else if (secret in given) throw usageError(`Either ${secret} or ${name} can be given, not both`, help);
    else read[secret] = await secretOf({ file: value, question: '', flag: name, help });
  }
  return read;
}

/** @throws a usage error that names each member that is wrong */
export function checked<Form extends z.ZodType>(
  form: Form,
  given: Members,
  { says, help }: { says: string; help: string },
): z.output<Form> {
  const read = form.safeParse(given);
  if (read.success) return read.data;
  const details = read.error.issues.flatMap((issue) => problemsOf(issue, []));
  throw new RequestError(says, { kind: 'usage', next: help, details });
}

function problemsOf(issue: z.core.$ZodIssue, above: readonly PropertyKey[]): string[] {
  const path = [...above, ...issue.path];
  const line = (place: readonly PropertyKey[], reason: string) =>
    `  ${place.map(String).join('.')}: ${reason}`;
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => line([...path, key], 'there is no such field'));
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    return (closestForm(issue.errors) ?? []).flatMap((inner) => problemsOf(inner, path));
  }
  const isMissing = issue.code === 'invalid_type' && issue.message.endsWith('received undefined');
  return [line(path, isMissing ? 'is missing' : issue.message)];
}
