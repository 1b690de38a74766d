import type { Exchange } from './recording-relay.ts';
import type { RoundRun } from './round-run.ts';

/** One line of the result: what a client told in both ways, without what must differ. */
export interface Compared {
  step: string;
  direct: string;
  proxied: string;
  isSame: boolean;
}

/** A finished round, with the address of its org and what went over the wire. */
export interface Made extends RoundRun {
  orgUrl: string;
  exchanges: readonly Exchange[];
}

/** The steps of both rounds, and the requests that they sent. */
export function compareRounds(direct: Made, proxied: Made): Compared[] {
  const [told, retold] = [comparableAnswers(direct), comparableAnswers(proxied)];
  const answers = [...new Set([...told.keys(), ...retold.keys()])].map((step) => {
    const [one, other] = [told.get(step), retold.get(step)];
    return { step, direct: one ?? 'none', proxied: other ?? 'none', isSame: one === other };
  });
  return [...answers, compareRequests(direct.exchanges, proxied.exchanges)];
}

function compareRequests(direct: readonly Exchange[], proxied: readonly Exchange[]): Compared {
  const [sent, resent] = [comparableRequests(direct), comparableRequests(proxied)];
  const [only, onlyOther] = [without(sent, resent), without(resent, sent)];
  const isSame = only.length === 0 && onlyOther.length === 0;
  return {
    step: 'requests',
    direct: isSame ? countsOf(direct) : only.join('; '),
    proxied: isSame ? countsOf(proxied) : onlyOther.join('; '),
    isSame,
  };
}

/** What is left of a list when each line of the other has taken one away. */
function without(lines: readonly string[], others: readonly string[]): string[] {
  const left = [...lines];
  for (const other of others) {
    const at = left.indexOf(other);
    if (at >= 0) left.splice(at, 1);
  }
  return left;
}

function comparableAnswers({ answers, orgUrl }: Made): Map<string, string> {
  const withoutIds = idsByOrder();
  return new Map(
    [...answers].map(([step, answer]) => [
      step,
      withoutIds(JSON.stringify(answer).replaceAll(orgUrl, '{org}')).replaceAll(stamp, '{time}'),
    ]),
  );
}

const stamp = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d{4})/g;
/** Salesforce's Ids have 15 or 18 characters, the first three of which name the object. */
const id = /\b(?=\w*\d)[0-9A-Za-z]{15}(?:[0-9A-Z]{3})?\b/g;

/** Replaces each Id with its object's prefix and the number of Ids before it. */
function idsByOrder(): (text: string) => string {
  const numbers = new Map<string, number>();
  return (text) =>
    text.replaceAll(id, (found) => {
      const number = numbers.get(found) ?? numbers.size + 1;
      numbers.set(found, number);
      return `{${found.slice(0, 3)} ${number}}`;
    });
}

/**
 * Method, path and status of each request, from `/services` on. How often a job is asked for its state depends on
 * time, so that counts once.
 */
function comparableRequests(exchanges: readonly Exchange[]): string[] {
  const withoutIds = idsByOrder();
  const lines = exchanges.map(
    ({ method, path, status }) => `${method} ${withoutIds(path.slice(path.indexOf('/services/')))} ${status}`,
  );
  return lines.filter((line, at) => !stateOfJob.test(line) || lines.indexOf(line) === at);
}

const stateOfJob = /^GET \S+\/jobs\/\w+\/\{[^}]+\} /;

/** How many requests the client sent, and after how many answers the mirror was checked. */
function countsOf(exchanges: readonly Exchange[]): string {
  const applied = exchanges.filter((exchange) => exchange.applied === 'yes').length;
  return `${exchanges.length} requests${applied === 0 ? '' : `, ${applied} applied`}`;
}

/** Whether a query's later pages were read. */
export const hasFollowedPages = (exchanges: readonly Exchange[]): boolean =>
  exchanges.some(({ method, path }) => method === 'GET' && /\/query\/\w+-\d+/.test(path));
