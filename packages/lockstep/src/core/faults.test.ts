import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faults } from './fault-catalogue.ts';
import { Fault, type FaultCode } from './faults.ts';

const codes = Object.keys(faults) as FaultCode[];
const everyField = {
  reason: 'a reason',
  stream: 'Account',
  org: '00D000000000001EAA',
  host: 'db.example.com',
  where: 'records',
  near: ' Did you mean Account?',
  key: '3f2a',
  more: ' Vote allows no query.',
  sync: 'acme',
  rows: 12_480,
  status: 503,
  sqlState: '53100',
  field: 'Name',
  column: 'name',
  waitMs: 1000,
};

test('every fault has a title, an explanation and a next step', () => {
  for (const code of codes) {
    assert.match(code, /^[A-Z]+-\d\d$/);
    const { title, explanation, next } = faults[code];
    for (const text of [title, explanation, next]) assert.notEqual(text.trim(), '', code);
    assert.doesNotMatch(title, /\.$|[{}]/, `${code}: a title is a phrase without placeholders`);
  }
});

test('every placeholder in a text of a fault is a field that a fault can carry', () => {
  for (const code of codes) {
    const { explanation, next } = faults[code];
    for (const [, name] of `${explanation} ${next}`.matchAll(/\{([^}]*)\}/g)) {
      assert.ok(Object.hasOwn(everyField, name ?? ''), `${code} has {${name}}`);
    }
  }
});

test('the message of a fault has its fields filled in and no braces left', () => {
  for (const code of codes) {
    const fault = new Fault(code, everyField);
    assert.doesNotMatch(`${fault.message} ${fault.next}`, /[{}]|undefined/, code);
    assert.ok(fault.message.startsWith(faults[code].title));
  }
  const refused = new Fault('LIM-06', { status: 503 });
  assert.match(refused.message, /Salesforce answered 503\./);
});

test('a field with braces of its own is not filled a second time', () => {
  assert.match(
    new Fault('NET-01', { host: '{reason}', reason: 'x' }).message,
    /A request to \{reason\} failed \(x\)/,
  );
});

test('a fault knows its kind, its code and its cause', () => {
  const cause = new Error('below');
  const fault = new Fault('SYS-09', {}, { cause });
  assert.equal(fault.kind, 'permanent');
  assert.equal(fault.code, 'SYS-09');
  assert.equal(fault.name, 'Fault');
  assert.equal(fault.cause, cause);
});
