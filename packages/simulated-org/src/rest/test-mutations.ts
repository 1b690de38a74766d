/** Ways to make something wrong in a valid request. The same random numbers make the same mutations. */
import type { Random } from '@lockstep/foundation/random';
import type { Sound } from './test-sound-requests.ts';

export interface Mutated {
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string;
}

const oddTexts = [
  '',
  '\0',
  '\u0000',
  '%00',
  '%',
  '%zz',
  '%ff%fe',
  '..',
  '%2e%2e',
  '//',
  ';',
  '\\',
  '"',
  "'",
  '`',
  '@{x.y}',
  '😀',
  '\ud800',
  '\u2028',
  '__proto__',
  'constructor',
  '0',
  '-1',
  '9'.repeat(400),
  'A'.repeat(5000),
  '\r\nX: y',
  'null',
  '{{',
  ']',
  ')',
];
const oddValues: readonly unknown[] = [
  null,
  true,
  false,
  0,
  -0,
  1e308,
  -1,
  '',
  [],
  {},
  [[]],
  { a: { b: [1] } },
  ...oddTexts,
];
const soqlWords = [
  'SELECT',
  'FROM',
  'WHERE',
  'AND',
  'OR',
  'NOT',
  '(',
  ')',
  ',',
  "'",
  'LIMIT',
  'OFFSET',
  'GROUP BY',
  'HAVING',
  'ORDER BY',
  'IN',
  'LIKE',
  'NULL',
  '=',
  '<',
  '!=',
  'COUNT()',
  'TYPEOF',
  'END',
  'FIELDS(ALL)',
  'LAST_N_DAYS:',
  '2020-01-01',
  '99999999999999999999',
  '1.5e999',
  'Id',
  'Name',
  'Account',
  ':x',
  '\\',
  'FOR UPDATE',
  'ALL ROWS',
  'USING SCOPE',
];

/** Makes one to three changes to a text: removes, inserts, replaces, repeats or cuts off. */
function mutateText(text: string, random: Random, odd: readonly string[]): string {
  let mutated = text;
  for (let change = random.between(1, 3); change > 0; change--) {
    const at = random.between(0, mutated.length);
    const to = Math.min(mutated.length, at + random.between(1, 12));
    const part = mutated.slice(at, to);
    switch (random.between(0, 4)) {
      case 0:
        mutated = mutated.slice(0, at) + mutated.slice(to);
        break;
      case 1:
        mutated = mutated.slice(0, at) + random.pick(odd) + mutated.slice(at);
        break;
      case 2:
        mutated = mutated.slice(0, at) + random.pick(odd) + mutated.slice(to);
        break;
      case 3:
        mutated = mutated.slice(0, to) + part.repeat(random.between(1, 40)) + mutated.slice(to);
        break;
      default:
        mutated = mutated.slice(0, at);
    }
  }
  return mutated;
}

/** Moves, removes, inserts or replaces whole words, so that most results get past the parser's first words. */
function mutateSoql(soql: string, random: Random): string {
  if (random.next() < 0.2) return mutateText(soql, random, oddTexts);
  const words: string[] = soql.match(/'[^']*'|[\w.]+|[^\s\w]/g) ?? [];
  for (let change = random.between(1, 2); change > 0; change--) {
    const at = random.between(0, words.length - 1);
    const other = random.next() < 0.5 ? random.pick(words) : random.pick(soqlWords);
    const [from, to] = [random.between(0, words.length), random.between(0, words.length)];
    switch (random.between(0, 3)) {
      case 0:
        words.splice(at, 1);
        break;
      case 1:
        words.splice(at, 0, other);
        break;
      case 2:
        words.splice(at, 1, other);
        break;
      default:
        words.push(...words.splice(Math.min(from, to), Math.abs(from - to)));
    }
  }
  return words.join(' ');
}

/** Changes or removes one member anywhere in a value, or adds another next to it. */
function mutateJson(value: unknown, random: Random): unknown {
  if (value === null || typeof value !== 'object' || random.next() < 0.15) return random.pick(oddValues);
  const entries = Object.entries(value);
  const chosen = random.between(0, Math.max(0, entries.length - 1));
  const mutated = entries.flatMap(([key, one], at): [string, unknown][] => {
    if (at !== chosen) return [[key, one]];
    switch (random.between(0, 5)) {
      case 0:
        return [];
      case 1:
        return [[random.pick(oddTexts), one]];
      case 2:
        return [
          [key, one],
          [`${key}X`, random.pick(oddValues)],
        ];
      default:
        return [[key, mutateJson(one, random)]];
    }
  });
  return Array.isArray(value) ? mutated.map(([, one]) => one) : Object.fromEntries(mutated);
}

const headerNames = [
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'Accept',
  'Accept-Encoding',
  'If-Match',
  'If-None-Match',
  'If-Modified-Since',
  'If-Unmodified-Since',
  'Sforce-Query-Options',
  'Sforce-Call-Options',
  'X-PrettyPrint',
  'Transfer-Encoding',
  'Expect',
  'Host',
  'Upgrade',
  'Range',
  'X-HTTP-Method-Override',
];
const headerValues = [
  '',
  'gzip',
  'chunked',
  'identity, gzip',
  '100-continue',
  'h2c',
  'bytes=0-1',
  'text/plain',
  'application/xml',
  'multipart/form-data',
  'multipart/form-data; boundary=x',
  'application/json; charset=utf-16',
  'batchSize=-1',
  'batchSize=99999999999',
  'Bearer',
  'Bearer x',
  'Basic !!',
  '*',
  '"',
  'Tue, 99 Foo 2020',
  '\u00ff\u00fe',
  'x'.repeat(17_000),
];

/** Changes one of its method, headers, path and body; a query is always changed, too. */
export function mutate(sound: Sound, random: Random): Mutated {
  const headers: Record<string, string> = { ...sound.headers };
  let { method, path } = sound;
  let body = sound.body ?? '';
  if (sound.json !== undefined) {
    headers['Content-Type'] ??= 'application/json';
    body = JSON.stringify(sound.json);
  }
  const kind = random.next();
  if (kind < 0.12)
    method = random.pick(['GET', 'POST', 'PATCH', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'TRACE', 'FOO']);
  else if (kind < 0.3) headers[random.pick(headerNames)] = random.pick(headerValues);
  else if (kind < 0.5 && sound.soql === undefined) path = mutateText(path, random, oddTexts);
  else if (sound.json !== undefined)
    body =
      random.next() < 0.3
        ? mutateText(body, random, oddTexts)
        : JSON.stringify(mutateJson(sound.json, random));
  else if (sound.body !== undefined) body = mutateText(body, random, oddTexts);
  else if (sound.soql === undefined) path = mutateText(path, random, oddTexts);
  if (sound.soql !== undefined) {
    path += encodeURIComponent(mutateSoql(sound.soql, random).toWellFormed());
  }
  return { method, path, headers, body };
}
