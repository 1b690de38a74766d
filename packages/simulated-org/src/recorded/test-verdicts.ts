import type { Exchange } from '@lockstep/harness/recorded-fixtures';

export interface LeftOut {
  what: string;
  path: RegExp;
  reason: string;
}

/** Why a recorded exchange is not replayed. Each either matches an entry here or is replayed. */
export const leftOut: readonly LeftOut[] = [
  {
    what: 'Bulk API 1.0',
    path: /^\/services\/async\//,
    reason: 'Lockstep and the simulated org speak Bulk API 2.0',
  },
  {
    what: 'Metadata API',
    path: /^\/services\/Soap\/m\//,
    reason: 'metadata is deployed by SOAP, which the sync neither reads nor interprets when it forwards',
  },
  {
    what: 'Tooling API',
    path: /^\/services\/data\/[^/]+\/tooling\//,
    reason: 'its objects (Apex classes, test runs) are not records that a sync keeps in step',
  },
  {
    what: 'Connect API',
    path: /^\/services\/data\/[^/]+\/connect\//,
    reason: 'communities and feeds are not records that a sync keeps in step',
  },
  {
    what: 'Person accounts',
    path: /IsPersonType\+FROM\+RecordType/,
    reason: 'only an org with person accounts has the field, and ours has none',
  },
];

/** What the owners of the recordings made anonymous, and what replaces it. */
const anonymous: readonly [RegExp, string][] = [
  [/\bvxx\.0/g, 'v62.0'],
  [/\b001ACCOUNTID\b/g, '0013B00000ddh7qQAA'],
];

/** How an exchange deviates from what an org would have answered, or from what ours can know. */
export interface Deviation {
  request: RegExp;
  answer: RegExp;
  reason: string;
  /** Undoes what was edited. */
  repair?: (exchange: Exchange, sobjects: ReadonlySet<string>) => Exchange;
  /** Compares a part, or keys and types only, or keys in any order. */
  isCut?: true;
  isShape?: true;
  isUnordered?: true;
}

export const deviations: readonly Deviation[] = [
  {
    request: /RecordTypeId%2C\+ParentId|ParentId%2C\+RecordTypeId/,
    answer: /"YearStarted"/,
    reason:
      'the recording answers two queries with the answer to a third, which names its fields in another order',
    isUnordered: true,
  },
  {
    request: /composite$/,
    answer: /"fields": ?\[\]\}/,
    reason:
      'the recording was cut: a describe has only some of its keys, and its list of fields is emptied and moved',
    repair: (exchange) => ({
      ...exchange,
      answer: exchange.answer.replaceAll(/, "fields": ?\[\]|"fields": \[\], /g, ''),
    }),
    isCut: true,
  },
  {
    request: /query\/\?q=SELECT\+Id\+FROM\+Account/,
    answer: /H1RMEQA3"\s*},\s*"Id" : "0019H00000H1RMDQA3"/,
    reason: 'the recording was edited: its five records have the Id of the first, but their own URLs',
    repair: (exchange) => ({
      ...exchange,
      answer: exchange.answer.replace(/(\/Account\/)(\w{18})("\s*},\s*"Id" : ")\w{18}/g, '$1$2$3$2'),
    }),
  },
  {
    request: /recordCount\?sObjects=\w+$/,
    answer: /\[ \]/,
    reason: 'the recorded org had not counted the empty sobject yet; a later recording lists one with 0',
    repair: (exchange) => ({ ...exchange, answer: zeroOf(exchange.path.split('=')[1] ?? '') }),
  },
  {
    request: /recordCount$/,
    answer: /"count"/,
    reason: 'the recorded org has sobjects that ours lacks, and more records than a test needs',
    repair: (exchange, sobjects) => ({ ...exchange, answer: hundredth(exchange.answer, sobjects) }),
    isCut: true,
  },
  {
    request: /composite$/,
    answer: /"sobjectDescribeOption"/,
    reason: 'the recording was cut: a describe has only some of its keys, and one field or none',
    isCut: true,
  },
  {
    request: /composite$/,
    answer: /"httpStatusCode" : 304/,
    reason: 'the recorded org had not changed since the time in the request; ours has just been made',
    repair: (exchange) => ({
      ...exchange,
      body: exchange.body?.replaceAll(/"\w{3}, [^"]* GMT"/g, JSON.stringify(tomorrow())),
    }),
  },
  {
    request: /composite$/,
    answer: /ddh3PQAQ[^]*ddh7qQAA/,
    reason: 'a query for one record without an order may find another one each time, and did',
    isShape: true,
  },
];

/** Differences between the recorded Organization and ours: settings that a release added or dropped, single sign-on. */
export const organizationFields: ReadonlySet<string> = new Set([
  'PreferencesTerminateOldestSession',
  'PreferencesIndividualAutoCreateEnabled',
  'PreferencesEmailSenderIdCompliance',
  'DelegatedAuthenticationServiceUrl',
]);

const zeroOf = (name: string): string =>
  `{\n  "sObjects" : [ {\n    "count" : 0,\n    "name" : "${name}"\n  } ]\n}`;

const tomorrow = (): string => new Date(Date.now() + 86_400_000).toUTCString();

/**
 * A hundredth of each count. Users stay as they are, because one of them sends the requests, and so do the permissions
 * of fields, which ours computes.
 */
function hundredth(answer: string, sobjects: ReadonlySet<string>): string {
  const { sObjects } = JSON.parse(answer) as { sObjects: { count: number; name: string }[] };
  const kept = sObjects.filter(
    ({ name }) => !['User', 'FieldPermissions'].includes(name) && sobjects.has(name),
  );
  const few = kept.map(({ count, name }) => ({ count: Math.ceil(count / 100), name }));
  return JSON.stringify({ sObjects: few });
}

/** The exchange as it can be sent to our org, where the requesting user stands for the recorded one. */
export function putRight(
  exchange: Exchange,
  deviation: Deviation | undefined,
  { userId, sobjects }: { userId: string; sobjects: ReadonlySet<string> },
): Exchange {
  const repaired = deviation?.repair?.(exchange, sobjects) ?? exchange;
  const recordedOrg = /\/sobjects\/Organization\/(\w+)/.exec(repaired.answer)?.[1];
  const recordedUser = /\/sobjects\/User\/(\w+)/.exec(repaired.answer)?.[1];
  const named = (text: string): string =>
    anonymous
      .reduce((replaced, [pattern, by]) => replaced.replace(pattern, by), text)
      .replaceAll(recordedUser ?? userId, userId)
      .replace(/\/ORGID$/, `/${recordedOrg}`);
  return {
    ...repaired,
    path: named(repaired.path),
    body: repaired.body === undefined ? undefined : named(repaired.body),
    answer: named(repaired.answer),
  };
}

/** What is done with each recorded file. */
export const fileVerdicts: readonly { files: RegExp; verdict: string }[] = [
  { files: /^INDEX\.md$/, verdict: 'describes the files' },
  { files: /^query\/cumulusci-recorded-exchanges\.json$/, verdict: 'replayed' },
  { files: /^query\/netcoreforce-/, verdict: 'compared as records and pages' },
  {
    files: /^query\/restforce-(list_view_results|recent|search)_/,
    verdict: 'left out: the simulated org serves no list views, no search and no list of recent records',
  },
  { files: /^errors\/restforce-search_error_/, verdict: 'left out: the simulated org serves no search' },
  {
    files:
      /^query\/restforce-(query_success|query_paginated_\w+_page|sobject_find_success|sobject_select_success)_/,
    verdict:
      'left out: fields of an invented sobject; real recordings cover records, parents, children and pages',
  },
  { files: /^(query|errors)\/restforce-/, verdict: 'compared by form' },
  { files: /^errors\/partner-wsdl-/, verdict: 'lists the valid codes' },
  { files: /^limits\//, verdict: 'compared' },
  { files: /^(describe|global)\//, verdict: 'compared with the definitions' },
  { files: /^bulk\//, verdict: 'left out: Bulk API 1.0; Lockstep and the simulated org speak 2.0' },
  { files: /^cdc\//, verdict: 'left out: the simulated org publishes no change events' },
  { files: /^data\//, verdict: 'left out: records without a request' },
];
