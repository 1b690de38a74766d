/** Makes the mirror of a new sync, in a private database or in one that a person owns, or removes it. */
import { databaseUrl, openDatabase } from '@lockstep/foundation/database';
import type { Control, Sync } from '../control/index.ts';
import type { Describe } from '../core/describe.ts';
import type { SyncId } from '../core/ids.ts';
import type { OwnDestination } from '../core/own-database.ts';
import type { Report } from '../core/progress.ts';
import {
  addressOf,
  checkOwnMirror,
  createPrivateDatabase,
  createTable,
  destinationNames,
  dropOwnMirror,
  dropPrivateDatabase,
  hasPrivateDatabase,
  prepareDestination,
  privateSchema,
  type TablePlan,
} from '../postgres/index.ts';
import { withWriterOfAny } from './open-mirror.ts';
import { newPassword } from './readers.ts';

export interface NewMirror {
  syncId: SyncId;
  orgId: string;
  plans: readonly TablePlan[];
  described: readonly Describe[];
  /** For which choice of fields, see field-choice.ts. */
  describedFor: string;
  report?: Report | undefined;
}

/** What recording the sync needs to know of its mirror. */
export interface MadeMirror {
  tableSchema: string;
  writerPassword: string;
  readerPassword: string;
  own: OwnDestination | null;
}

const setUp = { applicationName: 'lockstep-setup', connectionsMax: 1 };

/** A failure may leave parts of it, see {@link removeMirror}. */
export const makeMirror = (
  control: Control,
  mirror: NewMirror,
  own: OwnDestination | null,
): Promise<MadeMirror> => (own ? makeOwn(mirror, own) : makePrivate(control, mirror));

async function makePrivate(control: Control, mirror: NewMirror): Promise<MadeMirror> {
  const { syncId } = mirror;
  const secrets = { writerPassword: newPassword(), readerPassword: newPassword() };
  const names = await createPrivateDatabase(control.db, syncId, secrets, (database) =>
    openDatabase({ url: databaseUrl(control.url, { database }), ...setUp }),
  );
  const asWriter = { database: names.database, user: names.writer, password: secrets.writerPassword };
  const tableSchema = privateSchema;
  await makeTables({ url: databaseUrl(control.url, asWriter) }, mirror, { tableSchema, owner: names.owner });
  return { ...secrets, tableSchema, own: null };
}

async function makeOwn(mirror: NewMirror, own: OwnDestination): Promise<MadeMirror> {
  const { schema: tableSchema, writer, reader } = own;
  await makeTables(addressOf(own, writer), mirror, { tableSchema });
  return { tableSchema, writerPassword: writer.password, readerPassword: reader.password, own };
}

/** @param place  with the owner of what is made; without one the role that the login's sessions act as */
async function makeTables(
  address: ReturnType<typeof addressOf>,
  { syncId, orgId, plans, described, describedFor, report }: NewMirror,
  place: { tableSchema: string; owner?: string },
): Promise<void> {
  const db = openDatabase({ ...address, ...setUp });
  try {
    await prepareDestination(db, { syncId, orgId, ...place });
    for (const [nth, plan] of plans.entries()) {
      report?.({ step: 'making tables', done: nth, of: plans.length });
      await db.transaction((tx) => createTable(tx, place.tableSchema, plan, described[nth], describedFor));
    }
  } finally {
    await db.end();
  }
}

/** Of a sync that was not recorded. */
export const removeMirror = (control: Control, syncId: SyncId, own: OwnDestination | null): Promise<void> =>
  own ? dropFrom(addressOf(own, own.writer), syncId, own.schema) : dropPrivateDatabase(control.db, syncId);

/** @throws Fault `DB-nn` */
export const removeMirrorOf = (control: Control, sync: Sync): Promise<void> =>
  sync.destination.kind === 'private'
    ? dropPrivateDatabase(control.db, sync.id)
    : withWriterOfAny(control, sync, (db) => dropOwnMirror(db, sync.id, sync.destination.tableSchema));

/** The private database that the mirror has left for one that a person owns; null: there is none. */
export async function formerDatabase(control: Control, { id, destination }: Sync): Promise<string | null> {
  if (destination.kind === 'private') return null;
  return (await hasPrivateDatabase(control.db, id)) ? destinationNames(id).database : null;
}

/** Whether {@link removeMirrorOf} would be refused, as far as can be seen without touching anything. @throws the same */
export const checkRemovalOf = async (control: Control, sync: Sync): Promise<void> => {
  if (sync.destination.kind === 'own')
    await withWriterOfAny(control, sync, (db) => checkOwnMirror(db, sync.id));
};

async function dropFrom(
  address: ReturnType<typeof addressOf>,
  syncId: SyncId,
  schema: string,
): Promise<void> {
  const db = openDatabase({ ...address, ...setUp });
  try {
    await dropOwnMirror(db, syncId, schema);
  } finally {
    await db.end();
  }
}
