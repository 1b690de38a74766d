/** The addresses of a sync, which `sync create` and `sync show` print. */

import { shellWord } from '@lockstep/foundation/shell-words';
import type { Config } from '../../config.ts';
import { type Control, openReaderUrl, type Sync } from '../../control/index.ts';
import { findProxyUrl } from '../running.ts';
import type { Output } from '../terminal/output.ts';
import { psqlLine } from '../terminal/psql-line.ts';

interface Ways {
  id: string;
  name: string;
  /** Replaces the org's address; null if the port is not known until a server runs. */
  baseUrl: string | null;
  /** For the mirror's reader role, with the password. */
  mirrorUrl: string;
}

export async function addressesOf(config: Config, control: Control, sync: Sync): Promise<Ways> {
  const proxyUrl = await findProxyUrl(config);
  return {
    id: sync.id,
    name: sync.name,
    baseUrl: proxyUrl === undefined ? null : `${proxyUrl}/${sync.id}`,
    mirrorUrl: await openReaderUrl(control, sync),
  };
}

export function showAddresses({ id, name, baseUrl, mirrorUrl }: Ways, output: Output): void {
  if (output.wantsJson) {
    output.object({ schema: 1, id, name, base_url: baseUrl, mirror_url: mirrorUrl });
    return;
  }
  const lines = [
    `${name}  ${id}`,
    '',
    "The proxy, in place of the org's address:",
    `  ${baseUrl ?? 'printed by lockstep start, which takes any free port'}`,
    'The mirror, read only:',
    `  ${psqlLine(mirrorUrl)}`,
    'Its progress:',
    `  lockstep status --sync ${shellWord(name)}`,
  ];
  for (const line of lines) output.data(output.pasteable(line));
  output.say('This line holds a password: whoever has it can read the mirror.');
}
