import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExact } from '@lockstep/foundation/exact-json';
import { root } from '@lockstep/harness/source-files';

/**
 * Answers that were recorded from real Salesforce orgs and published by others. They lie beside the project and not
 * in it, for their licences are their owners'; TEST_RECORDED_EXCHANGES names another folder.
 */
const folder = process.env.TEST_RECORDED_EXCHANGES ?? join(root, '..', 'shared', 'salesforce', 'fixtures');

/** Why tests that need them are skipped; false where they are there. */
export const noRecordings: string | false = existsSync(folder)
  ? false
  : 'the recorded answers of real orgs are not beside the project; TEST_RECORDED_EXCHANGES names their folder';

/** Paths within the folder, for example `query/netcoreforce-account.json`. */
export const recordedFiles = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
    .toSorted();

const readText = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** Numbers keep the digits that were recorded. `replaced` puts another text in the place of one, for example an Id. */
export const readRecorded = (path: string, replaced: Readonly<Record<string, string>> = {}): unknown =>
  parseExact(
    Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), readText(path)),
  );

/** One request and the answer of the real org. */
export interface Exchange {
  method: string;
  /** With the parameters, without the host. */
  path: string;
  body: string | undefined;
  status: number;
  answer: string;
}

interface Cassette {
  method: string;
  uri: string;
  requestBody: string | null;
  status: { code: number };
  responseBody: string;
}

/** As recorded, save what the owners of the recordings made anonymous or edited. */
export function readExchanges(): Exchange[] {
  const cassettes = JSON.parse(readText('query/cumulusci-recorded-exchanges.json')) as Cassette[];
  return cassettes.map((cassette) => ({
    method: cassette.method,
    // Either sign stands for a blank; the tables of verdicts know one.
    path: cassette.uri.replace(/^https:\/\/[^/]+\/+/, '/').replaceAll('%20', '+'),
    body: cassette.requestBody || undefined,
    status: cassette.status.code,
    answer: cassette.responseBody,
  }));
}
