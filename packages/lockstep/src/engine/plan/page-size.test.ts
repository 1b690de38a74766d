import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageWith } from '@lockstep/harness/page';
import { assertProperty } from '@lockstep/harness/property';
import * as fc from 'fast-check';
import { fullPageSize, learnPageSize, type PageSize } from './page-size.ts';

const asked = 2_000;
const cut = (count: number) => pageWith(count, { done: false });
const whole = (count: number) => pageWith(count);
const sizeAfter = (size: PageSize, ...pages: readonly ReturnType<typeof pageWith>[]) =>
  pages.reduce((known, page) => learnPageSize(known, asked, page), size);

test('a page that was not cut says nothing about how many rows fit, unless it has more than known', () => {
  assert.deepEqual(sizeAfter(fullPageSize(2_000), whole(2_000)), fullPageSize(2_000));
  assert.deepEqual(sizeAfter(fullPageSize(2_000), whole(0)), fullPageSize(2_000), 'there were no more');
  const known = { rows: 200, cutAt: 200 };
  assert.deepEqual(sizeAfter(known, whole(150)), known);
  assert.deepEqual(sizeAfter(known, whole(400)), { rows: 400, cutAt: 200 });
});

test('a page that was cut for the first time, or again at the same place, shows how many rows fit', () => {
  const first = sizeAfter(fullPageSize(2_000), cut(200));
  assert.deepEqual(first, { rows: 200, cutAt: 200 });
  assert.deepEqual(sizeAfter(first, cut(200)), first);
});

test('if pages are cut at different places, at most nine tenths of the last are counted on, and no more than before', () => {
  const known = { rows: 200, cutAt: 200 };
  assert.deepEqual(sizeAfter(known, cut(100)), { rows: 90, cutAt: 100 });
  assert.deepEqual(sizeAfter(known, cut(300)), { rows: 200, cutAt: 300 });
});

test('pages that are cut at two places in turn do not make the size smaller each time', () => {
  const inTurn = Array.from({ length: 20 }, (_, n) => cut(n % 2 ? 700 : 1_000));
  assert.equal(sizeAfter(fullPageSize(2_000), ...inTurn).rows, 630);
});

test('whole pages raise the size again, but never above the limit of the query', () => {
  const known = { rows: 1, cutAt: 1 };
  assert.equal(sizeAfter(known, whole(2), whole(4), whole(8)).rows, 8);
  assert.equal(learnPageSize(known, 4, whole(9)).rows, 4);
});

test('a page cut to no rows counts as one row, so that the next one still asks for something', () => {
  assert.deepEqual(sizeAfter(fullPageSize(2_000), cut(0)), { rows: 1, cutAt: 0 });
});

test('whatever pages come, the size is at least one row and at most the limit of the query', () => {
  const pages = fc.array(fc.record({ count: fc.nat(asked), done: fc.boolean() }), { maxLength: 40 });
  assertProperty(
    fc.property(pages, (came) => {
      let size = fullPageSize(asked);
      for (const { count, done } of came) {
        size = learnPageSize(size, asked, pageWith(count, { done }));
        assert.ok(size.rows >= 1 && size.rows <= asked);
        assert.ok(done || size.rows <= Math.max(1, count), 'no more than the page that was just cut');
      }
    }),
  );
});
