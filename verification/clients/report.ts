import type { Outcome } from './outcome.ts';

const header = ['client', 'version', 'step', 'org', 'proxy', 'same?'];
const cellMax = 44;

/** One row for each step, of all clients. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.flatMap(({ client, version, missing, compared }) =>
    missing === null
      ? compared.map(({ step, direct, proxied, isSame }) => [
          client,
          version,
          step,
          clipped(direct),
          clipped(proxied),
          isSame ? 'yes' : 'NO',
        ])
      : [[client, '', `missing: ${missing.split('\n')[0]}`, '', '', '']],
  );
  const all = [header, ...rows];
  const widths = header.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const clipped = (text: string) => (text.length > cellMax ? `${text.slice(0, cellMax - 1)}…` : text);

/** What differs, at full length, and what is wrong besides. */
export function complaints({ client, missing, compared, problems }: Outcome): string[] {
  const differing = compared.filter(({ isSame }) => !isSame);
  return [
    ...(missing === null ? [] : [`${client} is missing: ${missing}`]),
    ...differing.map(
      ({ step, direct, proxied }) => `${client}, ${step}\n  org    ${direct}\n  proxy  ${proxied}`,
    ),
    ...problems.map((problem) => `${client}: ${problem}`),
  ];
}
