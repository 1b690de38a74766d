import assert from 'node:assert/strict';
import { test } from 'node:test';
import { knobGroups, listing } from './knobs.ts';

const knobs = knobGroups.flatMap((group) => group.knobs);

test('every knob has an address of its own and an example that it takes', () => {
  const addresses = knobs.map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(addresses).size, addresses.length);
  for (const { path, body, example } of knobs) {
    const read = body.safeParse(example);
    assert.ok(read.success, `${path}: ${read.error?.message}`);
  }
});

test('the list tells each field of each body', () => {
  const listed = listing().groups.flatMap((group) => group.knobs);
  const fault = listed.find(({ method, path }) => method === 'POST' && path === '/faults');
  const text = JSON.stringify(fault?.body);
  for (const field of ['match', 'contains', 'inside', 'times', 'share', 'delayMs', 'readFrom', 'shuffle'])
    assert.ok(text.includes(`"${field}"`), field);
  assert.ok(listed.every(({ does }) => /^[A-Z].*\.$/.test(does)));
});
