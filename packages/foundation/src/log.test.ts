import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLog } from './log.ts';

test('a line of the log is JSON with time, level in a word, message and fields', () => {
  const lines: string[] = [];
  const log = openLog<{ sync?: string; rows?: number }>({ write: (line) => void lines.push(line) });
  log.with({ sync: 'a' }).warn('page late', { rows: 7 });
  log.debug('not shown');
  const [line = '', ...others] = lines;
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>;
  assert.deepEqual(rest, { level: 'warn', sync: 'a', rows: 7, msg: 'page late' });
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(others, []);
});
