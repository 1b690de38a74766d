import { randomBytes } from 'node:crypto';
import { type Random, seededRandom } from '@lockstep/foundation/random';
import type { Effect, Fault, Match } from './fault.ts';

/**
 * The armed faults, and which of them apply to a request. If several do, their effects are combined, and the later
 * fault takes precedence. All are forgotten when the org stops.
 */
export interface ArmedFault extends Fault {
  id: string;
  /** Requests that matched. `fired` counts those that the fault affected. */
  matched: number;
  fired: number;
}

/** What a fault can match in a request. */
export interface RequestFacts {
  isInside: boolean;
  method: string;
  /** Decoded, without the query. */
  path: string;
  /** The name that the client gives itself. */
  client: string | undefined;
  /** The text that `contains` searches. */
  text(): string;
  /** Only called if a fault needs it. */
  bearer(): Promise<Bearer | undefined>;
}

export interface Bearer {
  userId: string;
  /** Null for a session started by SOAP. */
  clientId: string | null;
}

/** The combined effect on one request. */
export interface CombinedEffect extends Effect {
  random: Random;
  /** How often the fault that fired last has fired, this time included. */
  firing: number;
  /** Resolves when the fault that makes the request hang releases it. */
  released: Promise<void>;
}

interface Armed extends ArmedFault {
  random: Random;
  release: PromiseWithResolvers<void>;
}

export class Faults {
  private armed: Armed[] = [];

  get list(): ArmedFault[] {
    return this.armed.map(({ random: _random, release: _release, ...fault }) => fault);
  }

  arm(fault: Fault): ArmedFault {
    const id = randomBytes(6).toString('hex');
    const random = seededRandom(fault.seed);
    const known = { ...fault, id, matched: 0, fired: 0 };
    this.armed.push({ ...known, random, release: Promise.withResolvers() });
    return known;
  }

  /** Releases the requests that hang now; the fault stays. Without an id, for all faults. False if there is none. */
  release(id?: string): boolean {
    const named = this.armed.filter((fault) => id === undefined || fault.id === id);
    for (const fault of named) {
      fault.release.resolve();
      fault.release = Promise.withResolvers();
    }
    return named.length > 0;
  }

  delete(id?: string): boolean {
    const isThere = this.release(id);
    this.armed = this.armed.filter((fault) => id !== undefined && fault.id !== id);
    return isThere;
  }

  /** Undefined if no fault fires, the usual case, which costs little. */
  async effectOn(
    request: RequestFacts,
    userIdOf: (name: string) => string,
  ): Promise<CombinedEffect | undefined> {
    let combined: CombinedEffect | undefined;
    for (const fault of this.armed) {
      if (isSpent(fault) || !(await doesMatch(fault.match, request, userIdOf))) continue;
      fault.matched++;
      // Decided without an await, so that two concurrent requests cannot both be the last one.
      if (fault.matched <= fault.after || isSpent(fault) || fault.random.next() >= fault.share) continue;
      fault.fired++;
      const { random, fired: firing, effect } = fault;
      const released = effect.hang || !combined ? fault.release.promise : combined.released;
      combined = { ...combined, ...effect, random, firing, released };
    }
    return combined;
  }
}

const isSpent = ({ times, fired }: ArmedFault): boolean => times !== null && fired >= times;

async function doesMatch(
  match: Match,
  request: RequestFacts,
  userIdOf: (name: string) => string,
): Promise<boolean> {
  const { method, path, contains, user, app, client, inside } = match;
  if (inside !== 'too' && request.isInside !== (inside === 'only')) return false;
  if (method !== undefined && method !== request.method) return false;
  if (client !== undefined && client !== request.client) return false;
  if (path !== undefined && !isLike(request.path, path)) return false;
  if (contains !== undefined && !request.text().toLowerCase().includes(contains.toLowerCase())) return false;
  if (user === undefined && app === undefined) return true;
  const bearer = await request.bearer();
  if (app !== undefined && app !== bearer?.clientId) return false;
  return user === undefined || userIdOf(user) === bearer?.userId;
}

/** Whether a path matches a pattern in which `*` stands for any text; compared piece by piece, without a RegExp. */
function isLike(path: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return path === first;
  const last = rest.pop() ?? '';
  if (!path.startsWith(first)) return false;
  let at = first.length;
  for (const piece of rest) {
    const found = path.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return path.length - last.length >= at && path.endsWith(last);
}
