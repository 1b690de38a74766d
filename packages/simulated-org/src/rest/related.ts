import { ident, sql } from '@lockstep/foundation/sql';
import type { Answer } from '../http/answer.ts';
import type { Call } from '../http/call.ts';
import { entityDeleted, methodNotAllowed, notFound } from '../http/errors.ts';
import { childrenNamed, relationshipNamed } from '../schema/relationships.ts';
import type { SObjectDef } from '../schema/schema.ts';
import { sobjectOfId } from '../schema/schema.ts';
import { isLive, recordsOf } from '../schema/storage.ts';
import { query } from './query.ts';

/** `/sobjects/X/{id}/Relationship/…`: a record's parent, or its children in the form of a query's answer. */
export interface Place {
  def: SObjectDef;
  id: string;
}

/**
 * The record that a path of parents leads to, or the answer with the children that its last name stands for.
 *
 * @throws {@link OrgError} 404 for a name that is not a relationship, and for an empty lookup
 */
export async function followPath(
  call: Call,
  from: Place,
  names: readonly string[],
): Promise<Place | { children: Answer }> {
  const [name, ...more] = names;
  if (name === undefined) return from;
  const { def, id } = from;
  const up = relationshipNamed(def, name);
  const down = up ? undefined : childrenNamed(call.sobjects, def, name);
  if (!up && (!down || more.length > 0)) throw notFound();
  const value = up ? ident(up.name) : sql`NULL`;
  const [row] = await call.db.query<{ target: string | null; live: boolean }>(
    sql`SELECT ${value} AS target, ${isLive(def)} AS live FROM ${recordsOf(def)} AS r WHERE "Id" = ${id}`,
  );
  if (!row) throw notFound();
  if (!row.live) throw entityDeleted();
  if (down) return { children: await childrenAnswer(call, down.child, down.field.name, id) };
  const target = row.target === null ? undefined : sobjectOfId(call, row.target);
  if (row.target === null || !target) throw notFound();
  return followPath(call, { def: target, id: row.target }, more);
}

async function childrenAnswer(call: Call, child: SObjectDef, field: string, id: string): Promise<Answer> {
  if (call.method !== 'GET') throw methodNotAllowed(call.method, ['GET', 'HEAD']);
  const fields = call.parameters.get('fields') ?? child.fields.map(({ name }) => name).join();
  const q = `SELECT ${fields} FROM ${child.name} WHERE ${field} = '${id}' ORDER BY Id`;
  return query({ ...call, parameters: new URLSearchParams({ q }) }, false);
}
