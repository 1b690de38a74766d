/** The table of docs/api.md that leads a sync from its beginning to its end, so that tests can run it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@lockstep/foundation/assert';
import { root } from './source-files.ts';

export interface LifeStep {
  name: string;
  /** A line for a shell. */
  command: string;
  method: string;
  /** Below `/api/v1`. */
  path: string;
  /** JSON, or the name of a file; empty: none. */
  body: string;
}

export function lifeSteps(): LifeStep[] {
  const page = readFileSync(join(root, 'docs/api.md'), 'utf8');
  const [, rest = ''] = page.split('\n## The whole life of a sync\n');
  const [section = ''] = rest.split('\n## ');
  const rows = section.split('\n').filter((line) => line.startsWith('| '));
  return rows.slice(1).map((row) => {
    const found = /^\| ([^|]+) \| `([^`]+)` \| `(\w+) ([^`]+)`(?: with (?:`([^`]+)`|(\S+)))? \|$/.exec(row);
    assert(found, `a row of docs/api.md has a step, a command and a request: ${row}`);
    const [, name = '', command = '', method = '', path = '', json = '', file = ''] = found;
    return { name, command, method, path, body: json || file };
  });
}
