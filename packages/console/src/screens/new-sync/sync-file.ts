import type { components } from '../../api/schema.d.ts';

type NewSync = components['schemas']['NewSync'];

/** In the file of `sync create --file` a secret stands in a file of its own, which it names. */
const fileMembers: Record<string, string> = {
  client_secret: 'client_secret_file',
  private_key: 'private_key_file',
  refresh_token: 'refresh_token_file',
  ca: 'ca_file',
};
const fileNames: Record<string, string> = {
  client_secret: 'client-secret',
  private_key: 'lockstep.key',
  refresh_token: 'refresh-token',
  ca: 'ca.pem',
};

const withoutSecrets = (form: object): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(form).map(([name, value]) => {
      const member = fileMembers[name];
      return member === undefined ? [name, value] : [member, fileNames[name]];
    }),
  );

/** A new sync as the file that the command line takes, without any secret. */
export function syncFile({ credential, destination, ...rest }: NewSync): object {
  const { sign_in: _, ...ownCredential } = withoutSecrets(credential);
  return { ...rest, credential: ownCredential, ...(destination && { destination: placeFile(destination) }) };
}

function placeFile(destination: NonNullable<NewSync['destination']>): object {
  const { url: _, reader_url: __, tunnel, ...rest } = withoutSecrets(destination);
  return { urls_file: 'database-urls', ...rest, ...(isObject(tunnel) && { tunnel: tunnelFile(tunnel) }) };
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function tunnelFile(tunnel: object): object {
  const { key: _, ...rest } = tunnel as Record<string, unknown>;
  return { ...rest, key_file: 'ssh-key' };
}
