import type { Random } from '@lockstep/foundation/random';
import { dataPath } from '@lockstep/harness/end-to-end-harness';
import type { Known } from './records.ts';
import { newRecord, type Shape, shapeOf, shapes, someChange } from './shapes.ts';

/** One request of a client, and how its answer is read. */
export interface Planned {
  method: 'POST' | 'PATCH' | 'DELETE';
  /** Below `/services/data/vNN.0`. */
  path: string;
  body?: object;
  /** A short description. */
  what: string;
  /** The records that it writes, unless it creates them. */
  targets: readonly Known[];
  /** The sobject that it writes; null if several. */
  sobject: string | null;
  /** It writes each record once. */
  isOnce: boolean;
  /** Others can find its record by external Id, so the record is never finally left. */
  isShared?: boolean;
  /** What the answer says was written; called only if its status is a success. Null if it does not say. */
  written(status: number, body: unknown): readonly Written[] | null;
}

export interface Written {
  id: string;
  sobject: string;
  isDeleted?: boolean;
}

/** What a client can use for a write. */
export interface WriteContext {
  random: Random;
  /** The number of the write, which its values contain. */
  write: number;
  /** A record to change, own or contested; undefined if it has none yet. */
  target(): Known | undefined;
  /** A record of the sobject that others may refer to. */
  parent(sobject: string): Known | undefined;
  /** A record that may be deleted. */
  victim(): Known | undefined;
}

/** Returns undefined if nothing of this kind can be written now. */
export type WriteKind = (hand: WriteContext) => Planned | undefined;

/** The Id in an answer of the form `{id, success: true}`. */
export const idIn = (value: unknown): string | null => {
  const { id, success = true } = (value ?? {}) as { id?: unknown; success?: unknown };
  return success === true && typeof id === 'string' ? id : null;
};

export const create: WriteKind = (hand) => {
  const shape = hand.random.pick(shapes);
  const { sobject } = shape;
  return {
    method: 'POST',
    path: `/sobjects/${sobject}`,
    body: fresh(hand, shape),
    what: `POST of ${sobject}`,
    targets: [],
    sobject,
    isOnce: true,
    written: (_status, body) => named(idIn(body), sobject),
  };
};

export const update: WriteKind = (hand) => {
  const target = hand.target();
  if (!target) return undefined;
  return {
    method: 'PATCH',
    path: `/sobjects/${target.sobject}/${target.id}`,
    body: someChange(shapeOf(target.sobject), hand.write, hand.random),
    what: `PATCH of ${target.id}`,
    targets: [target],
    sobject: target.sobject,
    isOnce: true,
    written: () => [target],
  };
};

export const remove: WriteKind = (hand) => {
  const target = hand.victim();
  if (!target) return undefined;
  return {
    method: 'DELETE',
    path: `/sobjects/${target.sobject}/${target.id}`,
    what: `DELETE of ${target.id}`,
    targets: [target],
    sobject: target.sobject,
    isOnce: true,
    written: () => [{ ...target, isDeleted: true }],
  };
};

/** Uses few external Ids, so that clients collide. */
export const upsert: WriteKind = (hand) => {
  const { random, write } = hand;
  const shape = random.pick(shapes.filter(({ externalId }) => externalId !== undefined));
  const { sobject, externalId = '' } = shape;
  const value = `CONSISTENCY-${random.between(1, 30)}`;
  const { [externalId]: _, ...values } = newRecord(shape, write);
  return {
    method: 'PATCH',
    path: `/sobjects/${sobject}/${externalId}/${value}`,
    body: values,
    what: `upsert of ${sobject} ${value}`,
    targets: [],
    sobject,
    isOnce: true,
    isShared: true,
    written: (_status, body) => named(idIn(body), sobject),
  };
};

/** The body of a create, usually with a parent. */
export function fresh(hand: WriteContext, shape: Shape): Record<string, unknown> {
  const { parent } = shape;
  const above = parent && hand.random.next() < 0.7 ? hand.parent(parent.sobject) : undefined;
  return { ...newRecord(shape, hand.write), ...(parent && above && { [parent.field]: above.id }) };
}

const named = (id: string | null, sobject: string): readonly Written[] | null =>
  id === null ? null : [{ id, sobject }];

export const dataUrl = (path: string): string => `${dataPath}${path}`;
