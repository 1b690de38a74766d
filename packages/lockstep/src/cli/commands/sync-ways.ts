/** The addresses of a sync, as `sync create` and `sync show` end. */

import { quoted, shellWord } from '@lockstep/foundation/shell-words';
import type { Config } from '../../config.ts';
import { type Control, openReaderUrl, type Sync } from '../../control/index.ts';
import { findProxyUrl } from '../running.ts';
import type { Output } from '../terminal/output.ts';

interface Ways {
  id: string;
  name: string;
  /** In place of the org's address; null where only a running server will know its port. */
  baseUrl: string | null;
  /** Of the mirror's reader, with the password. */
  mirrorUrl: string;
}

export async function waysOf(config: Config, control: Control, sync: Sync): Promise<Ways> {
  const proxyUrl = await findProxyUrl(config);
  return {
    id: sync.id,
    name: sync.name,
    baseUrl: proxyUrl === undefined ? null : `${proxyUrl}/${sync.id}`,
    mirrorUrl: await openReaderUrl(control, sync),
  };
}

export function showWays({ id, name, baseUrl, mirrorUrl }: Ways, output: Output): void {
  if (output.wantsJson) {
    output.object({ schema: 1, id, name, base_url: baseUrl, mirror_url: mirrorUrl });
    return;
  }
  const lines = [
    `${name}  ${id}`,
    '',
    "The proxy, in place of the org's address:",
    `  ${baseUrl ?? 'said by lockstep start, which takes any free port'}`,
    'The mirror, read only:',
    `  psql ${quoted(mirrorUrl)}`,
    'How far it is:',
    `  lockstep status ${shellWord(name)}`,
  ];
  for (const line of lines) output.data(output.pasteable(line));
  output.say("The mirror's address holds a password: it lets whoever has it read the mirror.");
}
