/**
 * How often somebody may be wrong about the password or the set-up token. Kept in memory: a restart forgets it, and
 * several servers on one database count for themselves.
 */
import { isIPv6 } from 'node:net';
import type { Clock } from '@lockstep/foundation/clock';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import { Fault } from '../core/faults.ts';

/** More for all together, so that a stranger cannot so easily lock everybody out. */
const freeTries = { address: 5, all: 50 };
const firstWaitMs = 30_000;
const longestWaitMs = 900_000;
const forgottenAfterMs = 3_600_000;
const addressesMax = 10_000;

interface Counted {
  wrong: number;
  lastAt: number;
  /** When the next try is possible. */
  freeAt: number;
}

export interface SignInTries {
  /**
   * Counts a try as wrong until `wasRight` is called, so that many at once are no way around.
   * @throws {@link Fault} `API-14`
   */
  begin(address: string): { wasRight: () => void };
}

export function openSignInTries(clock: Clock): SignInTries {
  const counts = new Map<string, Counted>();

  const current = (key: string): Counted => {
    const known = counts.get(key);
    const isKnown = known !== undefined && clock.now() - known.lastAt < forgottenAfterMs;
    return isKnown ? known : { wrong: 0, lastAt: 0, freeAt: 0 };
  };
  const add = (key: string, free: number): void => {
    const now = clock.now();
    const wrong = current(key).wrong + 1;
    counts.delete(key); // so that the map is in the order of the last try
    if (counts.size >= addressesMax) counts.delete(counts.keys().next().value ?? '');
    counts.set(key, { wrong, lastAt: now, freeAt: now + waitAfter(wrong, free) });
  };
  const takeBack = (key: string, free: number): void => {
    const { wrong, lastAt, freeAt } = current(key);
    counts.set(key, { wrong: wrong - 1, lastAt, freeAt: wrong - 1 < free ? 0 : freeAt });
  };

  return {
    begin(address) {
      const own = networkOf(address);
      // Whoever has lost the race against strangers can still sign in on the server itself.
      const isCountedWithAll = !isThisMachine(address);
      const freeAt = Math.max(current(own).freeAt, isCountedWithAll ? current('all').freeAt : 0);
      if (freeAt > clock.now()) throw tooMany(freeAt - clock.now());
      add(own, freeTries.address);
      if (isCountedWithAll) add('all', freeTries.all);
      return {
        wasRight() {
          counts.delete(own);
          if (isCountedWithAll) takeBack('all', freeTries.all);
        },
      };
    },
  };
}

const waitAfter = (wrong: number, free: number): number =>
  wrong < free ? 0 : Math.min(firstWaitMs * 2 ** (wrong - free), longestWaitMs);

function tooMany(waitMs: number): Fault {
  const seconds = Math.ceil(waitMs / 1_000);
  return new Fault('API-14', { reason: `${seconds} s`, waitMs: seconds * 1_000 });
}

/** Of IPv6 the /64, which one customer has whole. */
function networkOf(address: string): string {
  if (!isIPv6(address) || address.includes('.')) return address.replace(/^::ffff:/i, '');
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const zeros = tail === undefined ? [] : Array(8 - groups(head).length - groups(tail).length).fill('0');
  return [...groups(head), ...(zeros as string[]), ...groups(tail ?? '')].slice(0, 4).join(':');
}
