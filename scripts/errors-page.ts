// Writes docs/errors.md from the catalogue of faults. Run after changing packages/lockstep/src/core/fault-catalogue.ts:
// npm run errors-page
import { writeFileSync } from 'node:fs';
import { faults } from 'lockstep/core/fault-catalogue';

const kinds = {
  transient: 'passes by itself',
  permanent: 'the same request will never work',
  'needs-person': 'needs a person',
};

export function errorsPage(): string {
  const rows = Object.entries(faults).map(
    ([code, { kind, title, explanation, next }]) =>
      `## ${code}: ${title}\n\n${explanation} *${kinds[kind]}*\n\nNext: ${next}\n`,
  );
  return `# Errors

Each error below has a code that never changes. The command line and the proxy show the texts below, the log only the
code; \`lockstep status\` shows which error a sync is waiting on. Names in braces are filled in where the error is shown.
A log line may also have a code of PostgreSQL's own, five characters (SQLSTATE), or of the system, such as ECONNREFUSED.
This page is generated from \`packages/lockstep/src/core/fault-catalogue.ts\`.

${rows.join('\n')}`;
}

if (import.meta.main) writeFileSync(new URL('../docs/errors.md', import.meta.url), errorsPage());
