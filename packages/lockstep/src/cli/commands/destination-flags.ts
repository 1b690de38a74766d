/** Flags that name a database of a person's own. Its passwords come from a file, never from a flag. */
import type { NewDestination, ReplaceDestination } from '../../contract/destinations.ts';
import { usageError } from '../../core/request-error.ts';
import type { Arguments, Flag } from '../arguments.ts';
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

export async function destinationOf(args: Arguments, flag: string, help: string): Promise<NewDestination> {
  return {
    ...(await addressOf(args, flag, help)),
    schema: args.text('schema') ?? 'salesforce',
    share_schema: args.isSet('share-schema'),
  };
}

/** @throws a usage error if the file has no two addresses, or if the tunnel has no key */
export async function addressOf(args: Arguments, flag: string, help: string): Promise<ReplaceDestination> {
  const file = args.text(flag) ?? '';
  const lines = (await readSecretFile(file, help)).split('\n').map((line) => line.trim());
  const [url, reader_url, ...more] = lines.filter((line) => line !== '' && !line.startsWith('#'));
  if (url === undefined || reader_url === undefined || more.length > 0)
    throw usageError(
      `The file ${file} must have two lines: the address to write with, and that to read`,
      help,
    );
  const ca = args.text('ca-file');
  return {
    url,
    reader_url,
    ...(ca !== undefined && { ca: await readSecretFile(ca, help) }),
    ...(args.isSet('tunnel') && { tunnel: await tunnelOf(args, help) }),
  };
}

async function tunnelOf(args: Arguments, help: string): Promise<NonNullable<ReplaceDestination['tunnel']>> {
  const given = URL.parse(`ssh://${args.text('tunnel') ?? ''}`);
  const host = given?.hostname.replace(/^\[|\]$/g, '');
  if (!given || !host || given.username === '' || given.password !== '' || !/^\/?$/.test(given.pathname))
    throw usageError('--tunnel takes USER@HOST or USER@HOST:PORT', help);
  const [file, host_key] = [args.text('tunnel-key-file'), args.text('tunnel-host-key')];
  if (file === undefined) throw usageError('--tunnel needs --tunnel-key-file', help);
  return {
    host,
    port: Number(given.port || 22),
    user: decodeURIComponent(given.username),
    key: await readSecretFile(file, help),
    ...(host_key !== undefined && { host_key }),
  };
}
