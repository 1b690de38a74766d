import type { Control } from '../control/index.ts';
import { readPublicDatabases } from '../postgres/index.ts';

/** Databases of the server that readers of the mirrors can connect to, because PUBLIC may. */
export const readPublicDatabasesOf = async ({ db }: Control): Promise<string[]> => [
  ...(await readPublicDatabases(db)),
];
