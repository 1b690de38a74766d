import { readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Command } from '../arguments.ts';

export const version: Command = {
  name: 'version',
  summary: 'The version of Lockstep, and of the Node that runs it.',
  async run(_, { output }) {
    const file = readFileSync(new URL('../../../package.json', import.meta.url), 'utf8');
    const own = z.object({ version: z.string() }).parse(JSON.parse(file)).version;
    if (output.wantsJson) output.object({ schema: 1, version: own, node: process.versions.node });
    else output.data(`lockstep ${own} (Node ${process.versions.node})`);
  },
};
