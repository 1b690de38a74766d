import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseExact } from '@lockstep/foundation/exact-json';
import { root } from './source-files.ts';

/**
 * Answers recorded from real Salesforce orgs and published by others. They are kept next to the project, not in it,
 * because their owners hold the licences; TEST_RECORDED_EXCHANGES names another folder.
 */
const folder = process.env.TEST_RECORDED_EXCHANGES ?? join(root, '..', 'shared', 'salesforce', 'fixtures');

/** Why tests that need the recordings are skipped; false if they exist. */
export const noRecordings: string | false = existsSync(folder)
  ? false
  : 'the recorded answers of real orgs are not next to the project; TEST_RECORDED_EXCHANGES names their folder';

/** Paths within the folder, for example `query/netcoreforce-account.json`. */
export const recordedFiles = (): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(join(folder, '/').length))
    .toSorted();

const readText = (path: string): string => readFileSync(join(folder, path), 'utf8');

/** Numbers keep their recorded digits. `replaced` maps texts, for example Ids, to others. */
export const readRecorded = (path: string, replaced: Readonly<Record<string, string>> = {}): unknown =>
  parseExact(
    Object.entries(replaced).reduce((text, [from, to]) => text.replaceAll(from, to), readText(path)),
  );

/** One request and the answer of the real org. */
export interface Exchange {
  method: string;
  /** With parameters, without the host. */
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

/** The exchanges as published; the owners of the recordings made some anonymous and edited some. */
export function readExchanges(): Exchange[] {
  const cassettes = JSON.parse(readText('query/cumulusci-recorded-exchanges.json')) as Cassette[];
  return cassettes.map((cassette) => ({
    method: cassette.method,
    // Both encode a blank; the tables of verdicts use `+`.
    path: cassette.uri.replace(/^https:\/\/[^/]+\/+/, '/').replaceAll('%20', '+'),
    body: cassette.requestBody || undefined,
    status: cassette.status.code,
    answer: cassette.responseBody,
  }));
}
