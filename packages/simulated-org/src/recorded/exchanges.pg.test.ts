import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { parseExact } from '@lockstep/foundation/exact-json';
import { startOrg, type TestOrg } from '@lockstep/harness/org';
import { type Exchange, noRecordings, readExchanges } from '@lockstep/harness/recorded-fixtures';
import { differences } from './test-comparison.ts';
import { askingUser, RecordedRows, replaceRows, sobjectNames } from './test-rows.ts';
import { deviations, leftOut, organizationFields, putRight } from './test-verdicts.ts';

const org = noRecordings ? undefined : await startOrg({ records: 100 });
after(() => org?.[Symbol.asyncDispose]());

const nameOf = ({ method, path, body }: Exchange): string =>
  `${method} ${decodeURIComponent(path.replaceAll('+', ' '))} ${body ?? ''}`.slice(0, 300).trim();

/** The indentation and keys of all lines, sorted, since records and the two keys of an error come in any order. */
const layoutOf = (text: string): string =>
  text
    .split('\n')
    .map((line) => /^ *(?:"\w+" : (?:[[{] ?)*)?/.exec(line)?.[0].trimEnd())
    .filter((line) => ![...organizationFields].some((field) => line?.includes(field)))
    .toSorted((a = '', b = '') => a.localeCompare(b))
    .join('\n');

/** The differences between the simulated org's answer and the recorded one, one a line. */
async function replay(there: TestOrg, recorded: Exchange): Promise<string[]> {
  const deviation = deviations.find(
    ({ request, answer }) => request.test(recorded.path) && answer.test(recorded.answer),
  );
  const userId = await askingUser(there);
  const exchange = putRight(recorded, deviation, { userId, sobjects: await sobjectNames(there) });
  const shown = new RecordedRows(there);
  await shown.addExchange(exchange);
  await replaceRows(there, shown.rows);
  const isPretty = /^[{[]\s/.test(exchange.answer);
  const given = await there.request(exchange.method, exchange.path, {
    ...(exchange.body !== undefined && { body: exchange.body }),
    headers: isPretty ? { 'X-PrettyPrint': '1' } : {},
  });
  if (given.status !== exchange.status)
    return [`recorded status ${exchange.status}, given ${given.status} ${given.text.slice(0, 300)}`];
  const found = differences(parseExact(exchange.answer), parseExact(given.text), {
    isKnownId: (id) => id === userId || shown.isKnownId(id),
    isCut: deviation?.isCut === true,
    isShape: deviation?.isShape === true,
    isUnordered: deviation?.isUnordered === true,
    besides: organizationFields,
  });
  const isLaidOut = !isPretty || layoutOf(given.text) === layoutOf(exchange.answer);
  return isLaidOut ? found : [...found, `different layout: ${given.text.slice(0, 300)}`];
}

test('the simulated org answers recorded requests as the real orgs did', {
  skip: noRecordings,
}, async (t) => {
  assert(org);
  const counts = new Map<string, number>();
  const wrong: string[] = [];
  for (const exchange of readExchanges()) {
    const verdict = leftOut.find(({ path }) => path.test(exchange.path));
    const what = verdict ? `left out, ${verdict.what}: ${verdict.reason}` : 'replayed';
    counts.set(what, (counts.get(what) ?? 0) + 1);
    if (verdict) continue;
    const found = await replay(org, exchange).catch((error: unknown) => [String(error)]);
    wrong.push(...found.map((line) => `${nameOf(exchange)}\n    ${line}`));
  }
  for (const [what, count] of counts) t.diagnostic(`${count} ${what}`);
  assert.ok(wrong.length === 0, `\n${wrong.join('\n')}`);
});
