import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lastId, pageWith } from '@lockstep/harness/page';
import { contentPeriod, startOfContent } from './content.ts';
import { idPassAfter } from './pace.ts';

const begin = Date.UTC(2026, 10, 24) / 1000;
const pageRows = 100;

test('after a full page the check continues after its last Id', () => {
  const to = idPassAfter(startOfContent(begin), pageWith(pageRows), pageRows, begin + 10);
  assert.deepEqual(to, {
    begunAt: begin + 10,
    lastAt: begin,
    done: pageRows,
    isWanted: false,
    after: lastId,
  });
});

test('a page that Salesforce cut short is not the last page', () => {
  const to = idPassAfter(startOfContent(begin), pageWith(3, { done: false }), pageRows, begin + 10);
  assert.equal(to.after, lastId);
  assert.equal(to.begunAt, begin + 10);
});

test('a page that was cut short to nothing leaves the check where it is', () => {
  const underWay = idPassAfter(startOfContent(begin), pageWith(pageRows), pageRows, begin + 10);
  assert.equal(idPassAfter(underWay, pageWith(0, { done: false }), pageRows, begin + 20).after, lastId);
});

test('a page with room left ends the check, which counts as of its beginning', () => {
  const underWay = idPassAfter(startOfContent(begin), pageWith(pageRows), pageRows, begin + 10);
  assert.deepEqual(idPassAfter(underWay, pageWith(7), pageRows, begin + 20), startOfContent(begin + 10));
});

const day = 86_400;

test('a table that polls follow is checked a page a day, and within 30 days', () => {
  const everySeconds = (count: number) => contentPeriod(count, pageRows, true).everySeconds;
  assert.equal(everySeconds(0), day);
  assert.equal(everySeconds(10 * pageRows), 10 * day);
  assert.equal(everySeconds(1_000 * pageRows), 30 * day);
});

test('a table that only this check follows is read every 15 minutes, and a large one within a day', () => {
  const everySeconds = (count: number) => contentPeriod(count, pageRows, false).everySeconds;
  assert.equal(everySeconds(0), 15 * 60);
  assert.equal(everySeconds(60 * pageRows), 60 * 60);
  assert.equal(everySeconds(10_000 * pageRows), day);
});

test('the check does not run more often when requests have room', () => {
  const { everySeconds, idleSeconds } = contentPeriod(10 * pageRows, pageRows, true);
  assert.equal(idleSeconds, everySeconds);
});
