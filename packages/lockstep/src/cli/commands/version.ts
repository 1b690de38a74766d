import { ownVersion } from '../../core/version.ts';
import type { Command } from '../arguments.ts';

export const version: Command = {
  usesConfig: false,
  async run(_, { output }) {
    const own = ownVersion();
    if (output.wantsJson) output.object({ schema: 1, version: own, node: process.versions.node });
    else output.data(`lockstep ${own} (Node ${process.versions.node})`);
  },
};
