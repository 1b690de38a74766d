/**
 * What the TypeScript programs of this folder share. A program of any language gets these variables, does its round,
 * and prints one line of JSON for each step: `{"step": …, "answer": …}`, before them `{"version": …}`. The answers are
 * the client's own, as far as they do not depend on time.
 */
export interface Round {
  /** Where to sign in: the org itself. */
  org: string;
  /** Where all other requests go. */
  base: string;
  clientId: string;
  clientSecret: string;
  username: string;
  password: string;
  securityToken: string;
  /** The value of an external id with characters that a path has to encode. */
  key: string;
  /** Whether the base URL has no path. Some clients can do more with such a one. */
  isBaseHost: boolean;
}

export const apiVersion = '62.0';

export function openRound(): Round {
  const read = (name: string) => {
    const value = process.env[`ROUND_${name}`];
    if (value === undefined) throw new Error(`npm run client-rounds sets ROUND_${name}`);
    return value;
  };
  return {
    org: read('ORG'),
    base: read('BASE'),
    clientId: read('CLIENT_ID'),
    clientSecret: read('CLIENT_SECRET'),
    username: read('USERNAME'),
    password: read('PASSWORD'),
    securityToken: read('SECURITY_TOKEN'),
    key: read('KEY'),
    isBaseHost: read('FORM') === 'host',
  };
}

const print = (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`);

export const tellVersion = (version: string) => print({ version });
export const tell = (step: string, answer: unknown) => print({ step, answer });

export interface NamedRecord {
  Name: string;
}

/** What a round tells of a query's records. */
export const ends = (records: readonly NamedRecord[]) => ({
  records: records.length,
  first: records[0]?.Name,
  last: records.at(-1)?.Name,
});
