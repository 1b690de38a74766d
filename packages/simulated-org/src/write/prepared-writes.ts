import type { Prepared } from '@lockstep/foundation/database';
import { compile, type Sql } from '@lockstep/foundation/sql';
import type { SObjectDef } from '../schema/schema.ts';

/**
 * Names of the prepared statements that write rows. Measured on a contact of eleven columns: planning such a
 * statement takes as long as running it, and three times as long together with the log. Clients write the same few
 * sets of columns again and again; beyond a limit, statements are planned each time.
 */
const textsMax = 100;

/** By text. A changed definition is a new object, and its statements get new names. */
const names = new WeakMap<SObjectDef, Map<string, string>>();
let statements = 0;

export function preparedWrite(def: SObjectDef, statement: Sql): Sql | Prepared {
  const ofDef = names.get(def) ?? new Map<string, string>();
  names.set(def, ofDef);
  const { text, values } = compile(statement);
  const known = ofDef.get(text);
  if (known !== undefined) return { name: known, text, values };
  if (ofDef.size >= textsMax) return statement;
  const name = `write ${++statements}`;
  ofDef.set(text, name);
  return { name, text, values };
}
