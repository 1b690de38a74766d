/** Versions of Salesforce's API, such as `62.0`. Each season brings one; Salesforce retires them after years. */

/** The oldest that has composite requests, and the newest that this Lockstep has been tried with. */
const known = { oldest: 38, newest: 68 };

/** Versions up to this one are no longer served from that time on (Salesforce help 005321531). */
const retirements = [{ upTo: 40, at: Date.UTC(2028, 5, 1), season: "Summer '28" }];
const warnBeforeMs = 366 * 86_400_000;

const numberOf = (version: string): number => Number(/^(\d{2,3})\.0$/.exec(version)?.[1] ?? Number.NaN);

/** Whether this Lockstep knows the version. */
export const isKnownVersion = (version: string): boolean =>
  numberOf(version) >= known.oldest && numberOf(version) <= known.newest;

/** The newest version that both the org and this Lockstep know; null: there is none. */
export const newestCommon = (served: readonly string[]): string | null =>
  served.filter(isKnownVersion).toSorted((one, other) => numberOf(other) - numberOf(one))[0] ?? null;

/** When Salesforce stops serving the version, if that is less than a year away; null otherwise. */
export function endOfVersion(version: string, now: number): string | null {
  const end = retirements.find(({ upTo, at }) => numberOf(version) <= upTo && now > at - warnBeforeMs);
  return end?.season ?? null;
}
