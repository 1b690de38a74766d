import { readFileSync } from 'node:fs';
import type { Command } from '../arguments.ts';

export const version: Command = {
  usesConfig: false,
  async run(_, { output }) {
    const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const { version: own } = JSON.parse(file) as { version: string };
    if (output.wantsJson) output.object({ schema: 1, version: own, node: process.versions.node });
    else output.data(`lockstep ${own} (Node ${process.versions.node})`);
  },
};
