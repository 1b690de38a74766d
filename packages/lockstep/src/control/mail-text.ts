import { z } from 'zod';

/** The words of the e-mails: plain text, at most 72 columns, no field values, no tracking. */
export type Mail = { subject: string; text: string };

const columns = 72;

/** The facts of the e-mail about a complete backfill. */
export const backfillComplete = z.object({
  tables: z.array(z.object({ sobject: z.string(), rows: z.number().int().nonnegative() })),
  /** From the first request to the last table. */
  tookMs: z.number().nonnegative(),
  /** API requests made in this time. */
  requests: z.number().int().nonnegative(),
});
export type BackfillComplete = z.infer<typeof backfillComplete>;

export function backfillCompleteMail(syncName: string, to: string, body: BackfillComplete): Mail {
  const rows = body.tables.reduce((sum, table) => sum + table.rows, 0);
  const nameWidth = Math.max(...body.tables.map(({ sobject }) => sobject.length), 0);
  const countWidth = Math.max(...body.tables.map((table) => counted(table.rows).length), 0);
  const tables = body.tables.map((table) =>
    // If a line would be too long, all counts go on lines of their own.
    nameWidth + countWidth + 5 <= columns
      ? `  ${table.sobject.padEnd(nameWidth)}   ${counted(table.rows).padStart(countWidth)}`
      : `  ${table.sobject}\n    ${counted(table.rows)}`,
  );
  return {
    subject: `[Lockstep] ${syncName} is loaded: ${plural(rows, 'record')} in ${plural(body.tables.length, 'table')}`,
    text: [
      wrap('All records are in your database and are kept current from now on.'),
      '',
      ...tables,
      '',
      wrap(`Took ${duration(body.tookMs)} and ${plural(body.requests, 'API request')}.`),
      '',
      wrap(`You get this because ${to} is set for ${syncName}. Change: LOCKSTEP_MAIL_TO`),
      '',
    ].join('\n'),
  };
}

const counted = (count: number) => count.toLocaleString('en-US');
const plural = (count: number, noun: string) => `${counted(count)} ${noun}${count === 1 ? '' : 's'}`;

/** The two largest units: `48 s`, `2 min 4 s`, `9 h 10 min`. */
function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  const minutes = Math.floor(seconds / 60);
  if (minutes === 0) return `${seconds} s`;
  if (minutes < 60) return `${minutes} min${seconds % 60 === 0 ? '' : ` ${seconds % 60} s`}`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 === 0 ? '' : ` ${minutes % 60} min`}`;
}

/** Breaks between words; a longer word stays whole. */
function wrap(paragraph: string): string {
  const lines: string[] = [];
  for (const word of paragraph.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= columns)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
