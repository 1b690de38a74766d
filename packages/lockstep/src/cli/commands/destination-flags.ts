/** Flags that name a database of a person's own. Its passwords come from a file, never from a flag. */
import { usageError } from '../../core/request-error.ts';
import type { Arguments, Flag } from '../arguments.ts';
import { type Members, membersSchema, overlaid, withSecrets } from '../given-members.ts';
import { readSecretFile } from '../terminal/secret.ts';

/** @param file  the name of the flag for the file of addresses */
export const addressFlags = (file: string): Readonly<Record<string, Flag>> => ({
  [file]: {
    value: 'FILE',
    description:
      'A database of your own: in the first line its address with the login that writes, in the second that with the login that reads, as lockstep db sql writes them.',
  },
  'ca-file': { value: 'FILE', description: "The authority of its server's certificate, in PEM." },
  tunnel: {
    value: 'USER@HOST',
    description: 'An SSH server that passes connections on to it; also USER@HOST:PORT.',
  },
  'tunnel-key-file': {
    value: 'FILE',
    description: "The user's private key for the tunnel, without a passphrase.",
  },
  'tunnel-host-key': {
    value: 'SHA256:…',
    description:
      'The fingerprint of the host key of the SSH server. Without it the test fails and says which one that shows.',
  },
});

export const destinationFlags = (file: string): Readonly<Record<string, Flag>> => ({
  ...addressFlags(file),
  schema: { value: 'NAME', description: 'Schema of the tables in it (default salesforce).' },
  'share-schema': { description: 'The schema may contain other tables, which stay as they are.' },
});

/**
 * A database by flags.
 *
 * @param given  by a file: what a flag gives takes its place
 * @throws a usage error if the tunnel is not one
 */
export function destinationMembers(args: Arguments, flag: string, given?: Members): Members | undefined {
  const tunnel = tunnelMembers(args, membersSchema.safeParse(given?.tunnel).data);
  const flags = {
    ...(args.isSet(flag) && { urls_file: args.text(flag) }),
    ...(args.isSet('schema') && { schema: args.text('schema') }),
    ...(args.isSet('share-schema') && { share_schema: true }),
    ...(args.isSet('ca-file') && { ca_file: args.text('ca-file') }),
    ...(tunnel && { tunnel }),
  };
  if (!given) return Object.keys(flags).length === 0 ? undefined : flags;
  return overlaid(args.isSet(flag) ? withoutAddress(given) : given, flags);
}

function tunnelMembers(args: Arguments, given?: Members): Members | undefined {
  const [server, keyFile, hostKey] = ['tunnel', 'tunnel-key-file', 'tunnel-host-key'].map((flag) =>
    args.text(flag),
  );
  const flags = {
    ...(server !== undefined && serverOf(server)),
    ...(keyFile !== undefined && { key_file: keyFile }),
    ...(hostKey !== undefined && { host_key: hostKey }),
  };
  return Object.keys(flags).length === 0 ? undefined : overlaid(given ?? {}, flags);
}

function serverOf(text: string): Members {
  const given = URL.parse(`ssh://${text}`);
  const host = given?.hostname.replace(/^\[|\]$/g, '');
  if (!given || !host || given.username === '' || given.password !== '' || !/^\/?$/.test(given.pathname))
    throw usageError('--tunnel takes USER@HOST or USER@HOST:PORT', 'lockstep help db test');
  return { host, port: Number(given.port || 22), user: decodeURIComponent(given.username) };
}

/** Of another database, which is to be used in the same way. */
const withoutAddress = (given: Members): Members =>
  Object.fromEntries(
    Object.entries(given).filter(([name]) => /^(schema|share_schema|ca|ca_file|tunnel)$/.test(name)),
  );

/** With the contents of its files. @throws a usage error if the file of addresses has not two */
export async function destinationFrom(given: Members, help: string): Promise<Members> {
  const { urls_file: file, ...rest } = await withSecrets(given, help);
  const tunnel = membersSchema.safeParse(rest.tunnel).data;
  if (tunnel && !('key' in tunnel)) throw usageError('A tunnel needs a key: --tunnel-key-file', help);
  if (typeof file !== 'string') return { ...rest, ...(file !== undefined && { urls_file: file }) };
  const lines = (await readSecretFile(file, help)).split('\n').map((line) => line.trim());
  const [url, reader_url, ...more] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (url !== undefined && reader_url !== undefined && more.length === 0) return { ...rest, url, reader_url };
  throw usageError(`The file ${file} must have two lines: the address to write with, and that to read`, help);
}
