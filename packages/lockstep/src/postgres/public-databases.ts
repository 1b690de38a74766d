/** Databases on a server of the operator's own that readers of the mirrors can also connect to. */
import type { Tx } from '@lockstep/foundation/database';
import { selectPublicDatabases } from './role-sql.ts';

/** Sorted by name. On the embedded server there are none. */
export const readPublicDatabases = async (db: Tx): Promise<readonly string[]> =>
  (await selectPublicDatabases(db)).map(({ name }) => name);

const namesMax = 5;

/** A sentence on these databases, with what to do. @param names  at least one */
export function publicDatabasesText(names: readonly string[]): string {
  const shown = names.slice(0, namesMax).join(', ');
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : '';
  return (
    `Readers of mirrors can also connect to ${shown}${more} on this server, because PUBLIC may. ` +
    'To prevent it, grant CONNECT to the logins that need it, then REVOKE CONNECT ON DATABASE … FROM PUBLIC.'
  );
}
