import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@lockstep/foundation/assert';
import { root } from './source-files.ts';

/** The examples of docs/clients.md, so that tests can run them verbatim. */
const page = readFileSync(join(root, 'docs/clients.md'), 'utf8');

/** The code blocks in this language under the heading; there is at least one. */
export function snippets(heading: string, language: string): readonly [string, ...string[]] {
  const [, rest = ''] = page.split(`\n## ${heading}\n`);
  const [section = ''] = rest.split('\n## ');
  const [, ...blocks] = section.split(`\`\`\`${language}\n`);
  const [first, ...others] = blocks.map((block) => block.split('```')[0] ?? '');
  assert(first !== undefined, `docs/clients.md has a block of ${language} under ${heading}`);
  return [first, ...others];
}
