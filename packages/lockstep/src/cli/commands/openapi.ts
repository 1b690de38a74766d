import { openApiDocument } from '../../api/index.ts';
import type { Command } from '../arguments.ts';

export const openapi: Command = {
  usesConfig: false,
  async run(_, { output }) {
    output.data(JSON.stringify(await openApiDocument(), null, output.wantsJson ? 0 : 2));
  },
};
