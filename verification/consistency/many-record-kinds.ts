import {
  dataUrl,
  fresh,
  idIn,
  type Planned,
  type WriteContext,
  type WriteKind,
  type Written,
} from './kinds.ts';
import type { Known } from './records.ts';
import { newRecord, type Shape, shapeOf, shapes, someChange } from './shapes.ts';

/** Requests that write several records: composite, collections and tree. */
const recordsMax = 6;
/** Share of the records of a collection that the org will refuse. */
const refusedShare = 0.1;

/** An account, a contact that refers to it, and before or after them a change of an existing record. */
export const composite: WriteKind = (hand) => {
  const { random, write } = hand;
  const target = hand.target();
  const contact = { ...newRecord(shapeOf('Contact'), write), AccountId: '@{account.id}' };
  const calls: Subrequest[] = [
    { name: 'account', method: 'POST', sobject: 'Account', body: newRecord(shapeOf('Account'), write) },
    { name: 'contact', method: 'POST', sobject: 'Contact', body: contact },
  ];
  if (target) {
    const { sobject, id } = target;
    const change = { name: 'change', method: 'PATCH', sobject, id } as const;
    const body = someChange(shapeOf(sobject), write, random);
    calls.splice(random.pick([0, calls.length]), 0, { ...change, body });
  }
  const compositeRequest = calls.map(({ name, method, sobject, id, body }) => ({
    method,
    url: dataUrl(`/sobjects/${sobject}${id === undefined ? '' : `/${id}`}`),
    referenceId: name,
    body,
  }));
  return {
    method: 'POST',
    path: '/composite',
    body: { allOrNone: random.next() < 0.5, compositeRequest },
    what: 'composite of an account with a contact',
    targets: [],
    sobject: null,
    isOnce: true,
    written(_status, body) {
      const { compositeResponse: answers } = (body ?? {}) as { compositeResponse?: CompositeAnswer[] };
      if (!Array.isArray(answers)) return null;
      return calls.flatMap(({ id: known, sobject }, place): Written[] => {
        const answer = answers[place];
        if (!answer || answer.httpStatusCode >= 300) return [];
        const id = known ?? idIn(answer.body);
        return id === null ? [] : [{ id, sobject }];
      });
    },
  };
};

interface Subrequest {
  name: string;
  method: 'POST' | 'PATCH';
  sobject: string;
  id?: string;
  body: object;
}

interface CompositeAnswer {
  httpStatusCode: number;
  body: unknown;
}

export const createMany: WriteKind = (hand) => {
  const { random } = hand;
  const chosen = Array.from({ length: random.between(1, recordsMax) }, () => random.pick(shapes));
  const records = chosen.map((shape) => ({
    attributes: { type: shape.sobject },
    ...(random.next() < refusedShare ? refusable(hand, shape) : fresh(hand, shape)),
  }));
  return collection(
    hand,
    'POST',
    records,
    chosen.map(({ sobject }) => ({ sobject })),
  );
};

export const updateMany: WriteKind = (hand) => {
  const targets = several(hand, () => hand.target());
  if (targets.length === 0) return undefined;
  const records = targets.map(({ id, sobject }) => ({
    attributes: { type: sobject },
    Id: id,
    ...someChange(shapeOf(sobject), hand.write, hand.random),
  }));
  return { ...collection(hand, 'PATCH', records, targets), targets };
};

export const removeMany: WriteKind = (hand) => {
  const targets = several(hand, () => hand.victim());
  if (targets.length === 0) return undefined;
  const ids = targets.map(({ id }) => id).join(',');
  return {
    ...collection(hand, 'DELETE', null, targets),
    path: `/composite/sobjects?ids=${ids}&allOrNone=${hand.random.next() < 0.5}`,
    targets,
  };
};

/** An account with nested contacts. */
export const tree: WriteKind = (hand) => {
  const { random, write } = hand;
  const contacts = Array.from({ length: random.between(1, 3) }, (_, place) => ({
    attributes: { type: 'Contact', referenceId: `contact${place}` },
    ...newRecord(shapeOf('Contact'), write),
  }));
  const account = {
    attributes: { type: 'Account', referenceId: 'account' },
    ...newRecord(shapeOf('Account'), write),
    Contacts: { records: contacts },
  };
  return {
    method: 'POST',
    path: '/composite/tree/Account',
    body: { records: [account] },
    what: 'tree of an account with contacts',
    targets: [],
    sobject: null,
    isOnce: true,
    written(_status, body) {
      const { results } = (body ?? {}) as { results?: { referenceId: string; id?: string }[] };
      if (!Array.isArray(results)) return null;
      return results.flatMap(({ referenceId, id }) =>
        id === undefined ? [] : [{ id, sobject: referenceId === 'account' ? 'Account' : 'Contact' }],
      );
    },
  };
};

function collection(
  { random }: WriteContext,
  method: Planned['method'],
  records: readonly object[] | null,
  of: readonly { sobject: string }[],
): Planned {
  return {
    method,
    path: '/composite/sobjects',
    ...(records && { body: { allOrNone: random.next() < 0.5, records } }),
    what: `${method} of ${of.length} records at once`,
    targets: [],
    sobject: null,
    isOnce: method === 'POST', // a write to an invoice line may also change its invoice's totals
    written(_status, body) {
      if (!Array.isArray(body)) return null;
      return of.flatMap(({ sobject }, place): Written[] => {
        const id = idIn(body[place]);
        return id === null ? [] : [{ id, sobject, isDeleted: method === 'DELETE' }];
      });
    },
  };
}

/** A record without its first required value, if it has one. */
function refusable({ write }: WriteContext, shape: Shape): object {
  const [name] = Object.keys(shape.required(write));
  return { ...newRecord(shape, write), ...(name !== undefined && { [name]: null }) };
}

/** Some records, each once. */
function several(hand: WriteContext, choose: () => Known | undefined): Known[] {
  const chosen = new Map<string, Known>();
  for (let tries = hand.random.between(1, recordsMax); tries > 0; tries--) {
    const record = choose();
    if (record) chosen.set(record.id, record);
  }
  return [...chosen.values()];
}
