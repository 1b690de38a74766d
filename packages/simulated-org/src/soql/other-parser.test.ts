import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseQuery } from '@jetstreamapp/soql-parser-js';
import { withSeeds } from '@lockstep/harness/property';
import { sobjects as all } from '../objects/index.ts';
import { SoqlError } from './errors.ts';
import { parseSoql } from './parse.ts';
import { GrammarTexts, takesAnyQuery } from './sample-grammar.ts';
import { type NormalForm, ours, theirs } from './sample-normal-form.ts';
import { tokenise } from './tokens.ts';

const queries = 4000;
const sobjects = all.filter(takesAnyQuery);

/** Where the other parser differs from Salesforce's documentation, recognised by the query's text. */
const deviations: readonly { reason: string; stands: RegExp }[] = [
  {
    reason: 'OFFSET needs no LIMIT before it, not even after a condition',
    stands: /\b(?:WHERE|HAVING) (?:(?!ORDER BY| LIMIT | GROUP BY| WITH ).)* OFFSET/is,
  },
  {
    reason: 'a direction may follow GROUPING() in ORDER BY',
    stands: /ORDER BY.*GROUPING\([\w.]+\) (?:ASC|DESC|NULLS)/i,
  },
  { reason: 'ROLLUP and CUBE group by functions too', stands: /(?:ROLLUP|CUBE)\(.*\(/i },
  {
    reason: 'an alias may follow a path; theirs is lost',
    stands: /\w\.\w+ (?!FROM\b)\w+ ?(?:,|FROM\b)/i,
  },
  { reason: 'HAVING may contain NOT, like WHERE; theirs is lost', stands: /HAVING .*\bNOT (?!IN\b)/i },
];

/** What it accepts although nothing documents it, by the text around the place (‸) where this parser refuses it. */
const lenience: readonly { reason: string; stands: RegExp }[] = [
  {
    reason: 'conditions are joined by AND or OR',
    stands: /(?:WHERE|HAVING).*[\w.')] ‸(?:NOT )?(?:\w+ )?\(/i,
  },
  { reason: 'an aggregate has a field', stands: /\( ‸\)/ },
  {
    reason: 'a clause keyword is not an alias',
    stands: /(?:GROUP|ORDER|OFFSET) ?‸|‸(?:GROUP|ORDER|OFFSET)/i,
  },
  { reason: 'an alias is one word', stands: /[\w)] ‸\w+\.[\w.]+ (?:,|FROM)/i },
  { reason: 'FIELDS() has no alias', stands: /FIELDS \( \w+ \) ‸/i },
];

const isIn = (list: typeof deviations, text: string) => list.some(({ stands }) => stands.test(text));

/** The normal form, or the offset where the text is refused. */
function mine(text: string): NormalForm | number {
  try {
    return ours(parseSoql(text));
  } catch (error) {
    assert(error instanceof SoqlError, String(error));
    return Number(/Row:1:Column:(\d+)/.exec(error.message)?.[1]) - 1;
  }
}

function other(text: string): NormalForm | null {
  try {
    return theirs(parseQuery(text));
  } catch {
    return null;
  }
}

test('this parser and another read generated queries alike', async () => {
  let deviant = 0;
  const met = new Set<string>();
  await withSeeds(queries, (random) => {
    const text = new GrammarTexts(random, sobjects).query();
    const found = mine(text);
    assert(typeof found === 'object', text);
    if (isIn(deviations, text)) {
      deviant += 1;
      for (const { reason, stands } of deviations) {
        if (stands.test(text) && !isSame(found, other(text))) met.add(reason);
      }
    } else {
      assert.deepEqual(found, other(text), text);
    }
  });
  assert(deviant < queries / 5, `${deviant} of ${queries} were not compared`);
  assert.equal(met.size, deviations.length, 'every deviation still exists');
});

function isSame(found: NormalForm, theirForm: NormalForm | null): boolean {
  try {
    assert.deepEqual(found, theirForm);
    return true;
  } catch {
    return false;
  }
}

test('what another parser refuses is refused, and what it accepts is read alike or is a known deviation', async () => {
  let refused = 0;
  await withSeeds(queries, (random) => {
    const whole = new GrammarTexts(random, sobjects).query();
    if (isIn(deviations, whole)) return;
    const tokens = tokenise(whole).flatMap(({ kind, text }) => (kind === 'end' ? [] : text));
    const at = random.between(0, tokens.length - 2);
    const [one = '', next = ''] = tokens.slice(at);
    tokens.splice(at, 2, ...random.pick([[one], [one, one, next], [next, one]]));
    const text = tokens.join(' ');
    if (isIn(deviations, text)) return;
    const found = mine(text);
    if (typeof found === 'object') {
      assert.deepEqual(found, other(text), text);
      return;
    }
    refused += 1;
    const marked = `${text.slice(0, found)}‸${text.slice(found)}`;
    assert(other(text) === null || isIn(lenience, marked), marked);
  });
  assert(refused > queries / 4, `${refused} were refused`);
});
