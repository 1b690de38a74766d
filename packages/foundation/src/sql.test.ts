import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compile, DeferredValue, sql } from './sql.ts';

test('values are numbered in their order, through fragments', () => {
  const inner = sql`b = ${2}`;
  assert.deepEqual(compile(sql`a = ${1} AND ${inner} AND c = ${1}`), {
    text: 'a = $1 AND b = $2 AND c = $3',
    values: [1, 2, 1],
  });
});

test('a late value is one parameter, read when the statement is sent', () => {
  let time = 1;
  const now = new DeferredValue(() => time);
  const { text, values } = compile(sql`a < ${now} AND b = ${'x'} AND c > ${now}`);
  assert.equal(text, 'a < $1 AND b = $2 AND c > $1');
  assert.equal(values.length, 2);
  time = 2;
  assert.equal((values[0] as DeferredValue).toPostgres(), 2);
});
