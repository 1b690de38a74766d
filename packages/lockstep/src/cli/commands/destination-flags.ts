/** Flags that name a database of a person's own. Its passwords come from a file, never from a flag. */
import type { NewDestination } from '../../contract/destinations.ts';
import { usageError } from '../../core/request-error.ts';
import type { Arguments, Flag } from '../arguments.ts';
import { readSecretFile } from '../terminal/secret.ts';

/** @param file  the name of the flag for the file of addresses */
export const destinationFlags = (file: string): Readonly<Record<string, Flag>> => ({
  [file]: {
    value: 'FILE',
    description:
      'A database of your own: in the first line its address with the login that writes, in the second that with the login that reads, as lockstep db sql writes them.',
  },
  schema: { value: 'NAME', description: 'Schema of the tables in it (default salesforce).' },
  'share-schema': { description: 'The schema may contain other tables, which stay as they are.' },
  'ca-file': { value: 'FILE', description: "The authority of its server's certificate, in PEM." },
});

/** @throws a usage error if the file has no two addresses */
export async function destinationOf(args: Arguments, flag: string, help: string): Promise<NewDestination> {
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
    schema: args.text('schema') ?? 'salesforce',
    share_schema: args.isSet('share-schema'),
    ...(ca !== undefined && { ca: await readSecretFile(ca, help) }),
  };
}
