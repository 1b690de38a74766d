import { assert } from '@lockstep/foundation/assert';
import { systemClock } from '@lockstep/foundation/clock';
import type { TestOrg } from './org.ts';

/** A fault in the org's answers, as docs/simulator.md describes it. */
export interface FaultToInject {
  match?: {
    method?: string;
    path?: string;
    contains?: string;
    user?: 'integration' | 'demo';
    inside?: 'no' | 'too' | 'only';
  };
  after?: number;
  times?: number | null;
  effect: Record<string, unknown>;
}

export interface InjectedFault {
  /** How often it has fired. */
  fired(): Promise<number>;
  /** Resolves when it has fired `times` times; fails if it does not. */
  untilFired(times?: number): Promise<void>;
  /** Lets the requests that hang now go on. */
  release(): Promise<void>;
  end(): Promise<void>;
}

/** In real milliseconds. */
const lookEveryMs = 10;
const looksMax = 1_000;

export async function armFault(org: TestOrg, fault: FaultToInject): Promise<InjectedFault> {
  const { id } = await org.control<{ id: string }>('/faults', fault);
  const fired = async () => {
    const { faults } = await org.control<{ faults: { id: string; fired: number }[] }>('/faults');
    return faults.find((fault) => fault.id === id)?.fired ?? 0;
  };
  return {
    fired,
    async untilFired(times = 1) {
      for (let looks = 0; looks < looksMax; looks++) {
        if ((await fired()) >= times) return;
        await systemClock.sleep(lookEveryMs);
      }
      assert(false, 'no request met the fault');
    },
    release: () => org.control('/faults/release', { id }).then(() => undefined),
    end: () => org.control('/faults/delete', { id }).then(() => undefined),
  };
}
