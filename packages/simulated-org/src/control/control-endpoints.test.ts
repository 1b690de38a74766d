import assert from 'node:assert/strict';
import { test } from 'node:test';
import { endpointGroups, listing } from './control-endpoints.ts';

const endpoints = endpointGroups.flatMap((group) => group.endpoints);

test('every control endpoint has its own path and an example that it accepts', () => {
  const addresses = endpoints.map(({ method, path }) => `${method} ${path}`);
  assert.equal(new Set(addresses).size, addresses.length);
  for (const { path, body, example } of endpoints) {
    const read = body.safeParse(example);
    assert.ok(read.success, `${path}: ${read.error?.message}`);
  }
});

test('the list of control endpoints describes each field of each body', () => {
  const listed = listing().groups.flatMap((group) => group.endpoints);
  const fault = listed.find(({ method, path }) => method === 'POST' && path === '/faults');
  const text = JSON.stringify(fault?.body);
  for (const field of ['match', 'contains', 'inside', 'times', 'share', 'delayMs', 'readFrom', 'shuffle'])
    assert.ok(text.includes(`"${field}"`), field);
  assert.ok(listed.every(({ does }) => /^[A-Z].*\.$/.test(does)));
});
