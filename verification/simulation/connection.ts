/**
 * The connection of a Lockstep process to its destination. A call takes time, is executed at one instant, and its
 * answer comes back. When something goes wrong it is not executed, or executed without an answer. Processes also die
 * here: just before a call is executed, or just after, before its answer arrives.
 */

import type { Random } from '@lockstep/foundation/random';
import { Fault } from 'lockstep/core/faults';
import type { Mirror } from 'lockstep/postgres';
import type { Agenda } from './agenda.ts';
import type { Waiting } from './meter.ts';
import type { Network } from './network.ts';
import type { Profile } from './profile.ts';

/** A process that can be told to die at its next call. */
export interface Mortal extends Waiting {
  readonly isDoomed: boolean;
  die(): void;
}

export interface Wires {
  agenda: Agenda;
  random: Random;
  network: Network;
  profile: Profile;
}

/** Whether work may end with this error: a classified fault or a broken connection. */
export const isForeseen = (error: unknown): boolean =>
  error instanceof Fault || (error as { code?: unknown }).code === brokenCode;

const brokenCode = '08006';

/** The driver's error for a broken connection; it is unknown whether the call was executed. */
const broken = () => Object.assign(new Error('the connection broke'), { code: brokenCode });

export function connectionTo(mirror: Mirror, process: Mortal, wires: Wires): Mirror {
  const { agenda, random, network, profile } = wires;
  const call = (run: () => Promise<unknown>) =>
    new Promise((resolve, reject) => {
      const answer = (settle: () => void) => {
        if (process.isAlive) agenda.resume(settle);
      };
      agenda.after(random.between(1, profile.databaseMs), () => {
        const isDone = random.next() < 0.5;
        if (process.isDoomed && process.isAlive) {
          process.die();
          if (isDone) agenda.hold(run());
          return;
        }
        if (network.happens(profile.brokenShare)) {
          if (isDone) agenda.hold(run());
          return answer(() => reject(broken()));
        }
        const work = run();
        agenda.hold(work);
        work.then(
          (result) => answer(() => resolve(result)),
          (error: Error) => answer(() => reject(error)),
        );
      });
    });
  return new Proxy(mirror, {
    get: (target, name) => {
      const method = target[name as keyof Mirror] as (...args: unknown[]) => Promise<unknown>;
      return (...args: unknown[]) => call(() => method.apply(target, args));
    },
  });
}
