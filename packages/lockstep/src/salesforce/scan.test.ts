import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { Fault } from '../core/faults.ts';
import { JsonScanner } from './scan.ts';

const accepts = (text: string): boolean => {
  const scanner = new JsonScanner(text);
  try {
    scanner.value();
    scanner.finish();
    return true;
  } catch (error) {
    assert(error instanceof Fault && error.code === 'DATA-03', 'only this fault is thrown');
    return false;
  }
};

const parses = (text: string): boolean => {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
};

const anySpace = fc.constantFrom('', ' ', '\n', '\t', '\r\n  ');

test('the scanner accepts JSON with any content, nesting and layout', () => {
  const anyLayout = fc.tuple(fc.json(), fc.constantFrom(undefined, 2, '\t'), anySpace, anySpace);
  assertProperty(
    fc.property(anyLayout, ([json, indent, before, after]) => {
      assert(accepts(before + JSON.stringify(JSON.parse(json), null, indent) + after));
    }),
    { numRuns: 500 },
  );
});

test('the scanner accepts a damaged text exactly when JSON.parse does', () => {
  const bits = fc.constantFrom(
    '"',
    '\\',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    '0',
    '-',
    '.',
    'e',
    'u',
    't',
    ' ',
    '\u0000',
    '\n',
  );
  const damaged = fc.tuple(fc.json(), fc.nat(), fc.nat(3), bits).map(([json, position, cut, bit]) => {
    const at = position % (json.length + 1);
    return json.slice(0, at) + bit + json.slice(at + cut);
  });
  assertProperty(
    fc.property(damaged, (text) => assert.equal(accepts(text), parses(text))),
    { numRuns: 5_000 },
  );
});

test('the scanner accepts any short text exactly when JSON.parse does', () => {
  const unit = fc.constantFrom(...Array.from('"\\{}[],:0123456789-+.eEutrfalsn bx/\u0007\t'));
  const shortText = fc.string({ unit, maxLength: 8 });
  assertProperty(
    fc.property(shortText, (text) => assert.equal(accepts(text), parses(text))),
    { numRuns: 20_000 },
  );
});

test('objects and arrays are walked as JSON.parse reads them', () => {
  const value = fc.jsonValue();
  assertProperty(
    fc.property(
      fc.dictionary(fc.string(), fc.array(value)),
      fc.constantFrom(undefined, 1),
      (object, indent) => {
        const plain = JSON.parse(JSON.stringify(object)) as Record<string, unknown[]>;
        const scanner = new JsonScanner(JSON.stringify(object, null, indent));
        const found: [string, unknown[]][] = [];
        scanner.object((key) => {
          const elements: unknown[] = [];
          scanner.array(() => elements.push(JSON.parse(scanner.slice(scanner.value()))));
          found.push([key, elements]);
        });
        scanner.finish();
        assert.deepEqual(found, Object.entries(plain));
      },
    ),
  );
});

test('nesting that would exhaust the stack is refused', () => {
  assert.equal(accepts('['.repeat(100_000)), false);
  assert.equal(accepts('{"a":'.repeat(100_000)), false);
  assert.equal(accepts('['.repeat(100) + ']'.repeat(100)), true);
});
