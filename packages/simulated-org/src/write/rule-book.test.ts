import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '@lockstep/foundation/clock';
import { sobjects } from '../objects/index.ts';
import { mapOf } from '../schema/schema-storage.ts';
import { checkRules, RulesError } from './rule-book.ts';

const clock = new ManualClock();
const org = { sobjects: mapOf(sobjects, clock), clock };

function problemsOf(rules: unknown): readonly string[] {
  try {
    checkRules(rules, org);
  } catch (error) {
    if (error instanceof RulesError) return error.problems;
    throw error;
  }
  return [];
}

test('all formulas and names that do not fit are reported together, with their paths', () => {
  const always = { condition: 'TRUE', message: 'm' };
  const inserting = { when: ['before insert'] };
  assert.deepEqual(
    problemsOf({
      validationRules: [
        { sobject: 'Account', name: 'A', message: 'm', condition: 'Foo = 1' },
        { sobject: 'Nothing__c', name: 'B', ...always },
        { sobject: 'Account', name: 'C', message: 'm', condition: 'Name', field: 'Nmae' },
        { sobject: 'account', name: 'c', ...always },
      ],
      triggers: [
        { sobject: 'Lead', name: 'S', ...inserting, do: { set: { SystemModstamp: 'NOW()', Rating: '1' } } },
        { sobject: 'Lead', name: 's', when: ['after delete'], do: { set: { Rating: '"Hot"' } } },
        {
          sobject: 'Contact',
          name: 'P',
          ...inserting,
          do: { setParent: { reference: 'Name', fields: { Name: '"x"' } } },
        },
        {
          sobject: 'Contact',
          name: 'D',
          ...inserting,
          do: { delete: { sobject: 'Lead', reference: 'OwnerId' } },
        },
      ],
    }),
    [
      'validationRules[0].condition: Error: Field Foo does not exist. Check spelling. (character 1)',
      'validationRules[1].sobject: there is no sobject Nothing__c',
      'validationRules[2].field: Account has no field Nmae',
      'validationRules[2].condition: Error: Formula result is data type (Text), incompatible with expected data type (Boolean).',
      'validationRules[3].name: Account.c is declared twice',
      'triggers[0].do.set.SystemModstamp: the field is not writeable',
      'triggers[0].do.set.Rating: Error: Formula result is data type (Number), incompatible with expected data type (Text).',
      'triggers[1].name: s is declared twice',
      'triggers[1].do.set: a record that is deleted cannot be changed',
      'triggers[2].do.setParent.reference: Name is not a reference to exactly one sobject',
      'triggers[3].do.delete: Lead.OwnerId does not point to Contact',
    ],
  );
});

test('a file of another form is refused, with the paths of all differences', () => {
  const places = (rules: unknown) => problemsOf(rules).map((problem) => problem.split(':')[0]);
  assert.deepEqual(places([]), ['the file']);
  assert.deepEqual(places({ rules: [] }), ['the file']);
  assert.deepEqual(
    places({ triggers: [{ sobject: 'Lead', when: [], do: { throw: 'x', set: { A: '1' } } }] }),
    ['triggers[0].name', 'triggers[0].when', 'triggers[0].do'],
  );
  assert.deepEqual(places({ validationRules: [{ sobject: 1, name: 'a b', condition: '', message: '' }] }), [
    'validationRules[0].sobject',
    'validationRules[0].name',
    'validationRules[0].condition',
    'validationRules[0].message',
  ]);
});

test('regular expressions that PostgreSQL would interpret otherwise are refused', () => {
  const problems = (pattern: string) =>
    problemsOf({
      validationRules: [
        { sobject: 'Account', name: 'A', message: 'm', condition: `REGEX(Phone, "${pattern}")` },
      ],
    });
  for (const pattern of ['[0-9]{3}-?[a-z]+', '(a|b)*c', '\\\\d{5}(-\\\\d{4})?'])
    assert.deepEqual(problems(pattern), [], pattern);
  for (const pattern of ['(', '[', 'a**', '(?<n>a)', '\\\\p{L}', 'a++', 'a{300}', '[a-z&&[b]]'])
    assert.match(problems(pattern)[0] ?? '', /Invalid regular expression/, pattern);
});
