/** The logins of applications that read a mirror. */
import { randomBytes } from 'node:crypto';
import { type Database, openDatabase, sqlState } from '@lockstep/foundation/database';
import { type Control, loginsOf, mirrorHost, mirrorUrl, openWriter, type Sync } from '../control/index.ts';
import { RequestError } from '../core/request-error.ts';
import { refusalOf } from '../core/wrong-members.ts';
import {
  checkReader,
  createReader,
  databaseFault,
  destinationNames,
  dropReader,
  dropRoleStatement,
  listReaders,
  type ReaderNames,
  readerStatements,
  roleOf,
  selectReaderGroup,
} from '../postgres/index.ts';
import { changeAlone } from './change-alone.ts';

/** In the order of their names. */
export const readersOf = async (control: Control, sync: Sync) =>
  atServer(control, sync, async (db, names) =>
    (await listReaders(db, names)).map(({ name, role }) => ({ name, login: role })),
  );

/**
 * Makes a login with a password, which is in the result and stored nowhere.
 * @throws {@link RequestError} if there is a reader of this name, or with the statements that its database's owner runs
 *         for it
 */
export async function addReader(control: Control, sync: Sync, name: string) {
  const password = newPassword();
  const role = await newRole(control, sync, name, (db, names) => createReader(db, names, name, password));
  return { name, login: role, mirror_url: mirrorUrl(control, sync, { user: role, password }) };
}

/** Only tries what {@link addReader} does. @throws the same */
export const tryReader = async (control: Control, sync: Sync, name: string) => ({
  name,
  login: await newRole(control, sync, name, (db, names) => checkReader(db, names, name)),
});

async function newRole(
  control: Control,
  sync: Sync,
  name: string,
  make: (db: Database, names: ReaderNames) => Promise<string | null>,
): Promise<string> {
  const role = await atServerAlone(control, sync, (db, names) =>
    make(db, names).catch((error: unknown) => {
      const statements = readerStatements(names.schema, names.readerGroup, roleOf(names, name));
      throw forItsOwner(error, sync, statements);
    }),
  );
  if (role !== null) return role;
  const isTaken = new RequestError(`There is a reader ${name} of ${sync.name} already`, {
    kind: 'not healthy',
    next: 'Choose another name, or drop that one first: lockstep reader drop',
  });
  throw refusalOf('name', isTaken);
}

/** Ends its sessions too. @throws {@link RequestError} if there is none of this name, and as {@link addReader} */
export async function removeReader(control: Control, sync: Sync, name: string): Promise<void> {
  const dropped = await atServerAlone(control, sync, (db, names) =>
    dropReader(db, names, name).catch((error: unknown) => {
      throw forItsOwner(error, sync, [dropRoleStatement(roleOf(names, name))]);
    }),
  );
  if (dropped) return;
  throw new RequestError(`There is no reader ${JSON.stringify(name)} of ${sync.name}`, {
    kind: 'not found',
    next: 'lockstep reader list',
  });
}

/** In a database that a person owns, Lockstep may usually make no roles. */
function forItsOwner(error: unknown, { destination }: Sync, statements: readonly string[]): unknown {
  if (destination.kind === 'private' || sqlState(error) !== '42501') return error;
  return new RequestError(`${destination.address.writer} may make and drop no logins in your database`, {
    kind: 'not allowed',
    next: 'As the owner of the database, run these statements.',
    details: statements,
  });
}

/** While nobody else changes the mirror: the roles of one that is being deleted go with it. */
const atServerAlone: typeof atServer = (control, sync, work) =>
  changeAlone(control, sync, (current) => atServer(control, current, work));

/** Where the roles of a mirror are: as the control database's login, or as the sync's writer. */
async function atServer<Result>(
  control: Control,
  sync: Sync,
  work: (db: Database, names: ReaderNames) => Promise<Result>,
): Promise<Result> {
  const { kind, tableSchema: schema } = sync.destination;
  try {
    if (kind === 'private') return await work(control.db, { ...destinationNames(sync.id), schema });
    const address = await openWriter(control, sync);
    const db = openDatabase({ ...address, applicationName: 'lockstep command', connectionsMax: 1 });
    try {
      const { reader } = loginsOf(sync);
      const [group] = await selectReaderGroup(db, reader);
      return await work(db, { reader, readerGroup: group?.role ?? reader, schema });
    } finally {
      await db.end();
    }
  } catch (error) {
    throw databaseFault(error, mirrorHost(control, sync)) ?? error;
  }
}

/** Letters and digits only, so that no connection string needs escaping. */
export const newPassword = () => randomBytes(24).toString('base64').replaceAll(/[+/=]/g, 'x');
