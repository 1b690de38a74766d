import { type Compared, compareRounds, hasFollowedPages, type Made } from './comparison.ts';
import { runRound } from './round-run.ts';
import { type ClientRound, obtain } from './rounds.ts';
import type { Side, Sides } from './sides.ts';

/** What became of a client's round. */
export interface Outcome {
  client: string;
  version: string;
  /** Why there is nothing to compare; null if there is. */
  missing: string | null;
  compared: readonly Compared[];
  /** What is wrong besides. */
  problems: readonly string[];
}

export async function outcomeOf(round: ClientRound, sides: Sides): Promise<Outcome> {
  const missing = await obtain(round);
  if (missing === null) return makeBoth(round, sides);
  return { client: round.name, version: '', missing, compared: [], problems: [] };
}

/** Makes the round in both ways at once; the orgs do not share anything. */
export async function makeBoth(round: ClientRound, { direct, proxied }: Sides): Promise<Outcome> {
  const [one, other] = await Promise.all([make(round, direct), make(round, proxied)]);
  const unlike = await proxied.untilConverged();
  const problems = [
    ...(one.failure === null ? [] : [`directly, ${one.failure}`]),
    ...(other.failure === null ? [] : [`through the proxy, ${other.failure}`]),
    ...proxied.takeBroken(),
    ...(unlike === null ? [] : [`the mirror differs from the org: ${unlike}`]),
    ...(hasFollowedPages(other.exchanges) ? [] : ['no query had a second page']),
  ];
  const compared = compareRounds(one, other);
  return { client: round.name, version: other.version, missing: null, compared, problems };
}

async function make(round: ClientRound, { org, relay, base }: Side): Promise<Made> {
  const run = await runRound(round, org, base(round.form));
  return { ...run, orgUrl: org.url, exchanges: relay.take() };
}

export const isGood = ({ missing, compared, problems }: Outcome, isMissingAllowed: boolean): boolean =>
  missing === null ? compared.every(({ isSame }) => isSame) && problems.length === 0 : isMissingAllowed;
