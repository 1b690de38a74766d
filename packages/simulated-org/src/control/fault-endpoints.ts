import { z } from 'zod';
import type { Org } from '../org.ts';
import { type EndpointGroup, endpoint, reads, userIdOf } from './control-endpoint.ts';
import { ControlError } from './control-error.ts';
import { type Fault, fault } from './fault.ts';

/** Faults in answers, and the older states that these can show. */
const someFault = z.strictObject({ id: z.string().optional().describe('The id of a fault; otherwise all.') });
const someSnapshot = z.strictObject({
  id: z.string().optional().describe('The id of a snapshot; otherwise all.'),
});

function arm(org: Org, given: Fault) {
  const { readFrom } = given.effect;
  if (readFrom !== undefined && !org.control.snapshots.has(readFrom))
    throw new ControlError(
      404,
      `there is no snapshot ${JSON.stringify(readFrom)}: open one by POST /snapshots/open`,
    );
  if (given.match.user !== undefined) userIdOf(org, given.match.user);
  return org.control.faults.arm(given);
}

const needsFault = (isThere: boolean, id: string | undefined): void => {
  if (!isThere && id !== undefined)
    throw new ControlError(404, `there is no fault ${JSON.stringify(id)}: see GET /faults`);
};

export const faultEndpoints: EndpointGroup = {
  title: 'Faults of answers',
  about:
    'A fault says which requests it applies to, how often, and what happens to them. If several apply to a request, all take effect. A restart removes them.',
  endpoints: [
    reads('/faults', 'Lists the faults, with how often each matched and fired.', ({ control }) => ({
      faults: control.faults.list,
    })),
    endpoint({
      path: '/faults',
      does: 'Arms a fault and returns its id.',
      body: fault,
      example: {
        match: { path: '/services/data/*/query', contains: 'FROM Account' },
        times: 2,
        effect: { answer: 'QUERY_TIMEOUT', delayMs: 100 },
      },
      run: arm,
    }),
    endpoint({
      path: '/faults/release',
      does: 'Releases the requests that hang now; the fault stays.',
      body: someFault,
      example: { id: '5f1d0c22a9e4' },
      run: ({ control }, { id }) => needsFault(control.faults.release(id), id),
    }),
    endpoint({
      path: '/faults/delete',
      does: 'Deletes a fault, or all. Requests that hang continue.',
      body: someFault,
      example: {},
      run: ({ control }, { id }) => needsFault(control.faults.delete(id), id),
    }),
    reads('/snapshots', 'Lists the snapshots.', ({ control }) => ({ snapshots: control.snapshots.list })),
    endpoint({
      path: '/snapshots/open',
      does: 'Keeps the present state of the org for faults with readFrom, and returns its id.',
      body: z.strictObject({}),
      example: {},
      run: async ({ control, clock }) => ({ id: await control.snapshots.take(clock.now()) }),
    }),
    endpoint({
      path: '/snapshots/close',
      does: 'Closes a snapshot, or all. Faults that read from it show the present again.',
      body: someSnapshot,
      example: {},
      run: async ({ control }, { id }) => {
        const closed = await control.snapshots.close(id);
        if (closed === 0 && id !== undefined)
          throw new ControlError(404, `there is no snapshot ${JSON.stringify(id)}: see GET /snapshots`);
        return { closed };
      },
    }),
  ],
};
