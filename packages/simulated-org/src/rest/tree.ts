import type { Tx } from '@lockstep/foundation/database';
import { isObject } from '@lockstep/foundation/exact-json';
import { type Answer, answer } from '../http/answer.ts';
import { type Call } from '../http/call.ts';
import { methodNotAllowed, noSuchColumn, notFound, OrgError, parserError, refused } from '../http/errors.ts';
import { childrenNamed } from '../schema/relationships.ts';
import type { FieldDef, SObjectDef } from '../schema/schema.ts';
import { attempt } from '../write/attempts.ts';
import { insertRecord } from '../write/dml.ts';
import { columnValues } from '../write/field-values.ts';
import { rowError } from './row-results.ts';

/**
 * `/composite/tree/X`: records with their children below them, created together or not at all. No recorded answers
 * confirm the error texts.
 */
const recordsMax = 200;
const levelsMax = 5;
const sobjectsMax = 5;

interface Node {
  def: SObjectDef;
  referenceId: string;
  /** The body of its create, without children. */
  fields: Record<string, unknown>;
  /** The reference to the node above; none at the top. */
  link?: { field: FieldDef; parent: Node };
}

export async function tree(call: Call, sobject: string): Promise<Answer> {
  if (call.method !== 'POST') throw methodNotAllowed(call.method, ['POST']);
  const def = call.sobjects.get(sobject.toLowerCase());
  if (!def) throw notFound();
  const nodes = readNodes(call, def);
  try {
    const ids = await call.write(async (tx) => {
      const created = await attempt(tx, () => createAll(tx, call, nodes));
      if (created instanceof OrgError) throw created;
      return created;
    });
    const results = nodes.map((node) => ({ referenceId: node.referenceId, id: ids.get(node) }));
    return answer(201, { hasErrors: false, results });
  } catch (error) {
    if (!(error instanceof TreeFailed)) throw error;
    const results = [...error.failed].map(([{ referenceId }, failure]) => ({
      referenceId,
      errors: [rowError(failure)],
    }));
    return answer(400, { hasErrors: true, results });
  }
}

class TreeFailed extends Error {
  override readonly name = 'TreeFailed';
  readonly failed: ReadonlyMap<Node, OrgError>;

  constructor(failed: ReadonlyMap<Node, OrgError>) {
    super('a record of the tree failed');
    this.failed = failed;
  }
}

/** Level by level, so that parents come before their children; the children of a failed record are skipped. */
async function createAll(tx: Tx, call: Call, nodes: readonly Node[]): Promise<Map<Node, string>> {
  const ids = new Map<Node, string>();
  const failed = new Map<Node, OrgError>();
  for (const node of nodes) {
    const parentId = node.link && ids.get(node.link.parent);
    if (node.link && parentId === undefined) continue;
    const body = node.link ? { ...node.fields, [node.link.field.name]: parentId } : node.fields;
    const id = await attempt(tx, () =>
      insertRecord(tx, call, node.def, columnValues(node.def, body, 'create')),
    );
    if (id instanceof OrgError) failed.set(node, id);
    else ids.set(node, id);
  }
  if (failed.size > 0) throw new TreeFailed(failed);
  return ids;
}

/** A record as sent, and its parent. */
interface Sent {
  record: unknown;
  def: SObjectDef;
  link?: { field: FieldDef; parent: Node };
}

/** All records, those of the first level first. Stops at the first level that is too deep or too wide. */
function readNodes(call: Call, root: SObjectDef): Node[] {
  const nodes: Node[] = [];
  let level: Sent[] = (recordsOf(call.body) ?? []).map((record) => ({ record, def: root }));
  if (level.length === 0) throw parserError('The tree request needs a list of records.');
  for (let depth = 1; level.length > 0; depth++) {
    if (depth > levelsMax) throw limited(`${levelsMax} levels`);
    if (nodes.length + level.length > recordsMax) throw limited(`${recordsMax} records`);
    const below: Sent[] = [];
    for (const sent of level) nodes.push(readNode(call, sent, below));
    level = below;
  }
  if (new Set(nodes.map(({ def }) => def)).size > sobjectsMax) throw limited(`${sobjectsMax} types`);
  if (new Set(nodes.map(({ referenceId }) => referenceId)).size < nodes.length)
    throw refused('INVALID_INPUT', 'Duplicate ReferenceId provided in the request.');
  return nodes;
}

const limited = (most: string): OrgError =>
  refused('LIMIT_EXCEEDED', `A tree request can contain up to ${most}.`);

const recordsOf = (value: unknown): unknown[] | undefined =>
  isObject(value) && Array.isArray(value.records) ? value.records : undefined;

/** Adds the record's children to `below`. */
function readNode(call: Call, { record, def, link }: Sent, below: Sent[]): Node {
  if (!isObject(record)) throw parserError('A record of a tree has to be an object.');
  const attributes = isObject(record.attributes) ? record.attributes : {};
  const { type, referenceId } = attributes;
  if (typeof referenceId !== 'string' || referenceId === '')
    throw refused('INVALID_INPUT', 'Include a reference ID for each record in the request.');
  if (typeof type !== 'string' || type.toLowerCase() !== def.name.toLowerCase())
    throw refused('INVALID_INPUT', `Include the type ${def.name} for the record ${referenceId}.`);
  const fields: Record<string, unknown> = {};
  const node: Node = { def, referenceId, fields, ...(link && { link }) };
  for (const [name, value] of Object.entries(record)) {
    const children = recordsOf(value);
    if (!children) {
      fields[name] = value;
      continue;
    }
    const reference = childrenNamed(call.sobjects, def, name);
    if (!reference) throw noSuchColumn(name, def.name);
    const { child, field } = reference;
    for (const one of children) below.push({ record: one, def: child, link: { field, parent: node } });
  }
  return node;
}
