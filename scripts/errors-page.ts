// Writes docs/errors.md from the catalogue of faults. Run after changing packages/lockstep/src/core/fault-catalogue.ts: npm run errors-page
import { writeFileSync } from 'node:fs';
import { faults } from 'lockstep/core/fault-catalogue';

const kinds = {
  transient: 'passes by itself',
  permanent: 'the same request will never work',
  'needs-person': 'a person is needed',
};

export function errorsPage(): string {
  const rows = Object.entries(faults).map(
    ([code, { kind, title, explanation, next }]) =>
      `## ${code}: ${title}\n\n${explanation} *${kinds[kind]}*\n\nNext: ${next}\n`,
  );
  return `# Errors

Each error has a code that stays. The command line and the proxy say these words, the log its code; what a sync waits for
shows in lockstep status. What stands in braces is
filled in where the error is shown. This page is made from \`packages/lockstep/src/core/fault-catalogue.ts\`.

${rows.join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
