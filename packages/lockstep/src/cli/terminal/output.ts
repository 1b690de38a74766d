/**
 * Where a command's output goes: data to standard output, everything else to standard error. On a terminal the last
 * lines are a block that is repainted; elsewhere there are only plain lines.
 */

import { systemClock } from '@lockstep/foundation/clock';
import { shellWord } from '@lockstep/foundation/shell-words';
import { defaultDataDir, terminalCanRepaint } from '../../config.ts';
import { printable } from '../../core/plain-words.ts';

export interface Output {
  /** Width of the terminal; 80 if there is none. */
  readonly columns: number;
  /** Its height; 24 if there is none. */
  readonly rows: number;
  /** Standard error is a terminal that can be repainted. */
  readonly isTerminal: boolean;
  readonly wantsJson: boolean;
  /** A line of data. */
  data(line: string): void;
  /** One line of JSON; the commands in members called `next` are pasteable. */
  object(value: object): void;
  /** The text with its `lockstep …` commands in the form that works when pasted into a shell in a clone. */
  pasteable(text: string): string;
  /** A line for the user; its commands are pasteable. */
  say(line: string): void;
  /** Replaces the block at the end, on a terminal; at most every 200 ms, but an empty block clears it at once. */
  show(lines: readonly string[]): void;
}

const repaintEveryMs = 200;

/** @param dataDir  the value of --data, which the commands in our texts then need too */
export function openOutput({ dataDir, ...options }: { wantsJson: boolean; dataDir?: string }): Output {
  const { stdout, stderr } = process;
  // If the reader of our output is gone, the command still runs to a clean end.
  for (const stream of [stdout, stderr]) stream.on('error', () => undefined);
  const isTerminal = stderr.isTTY && terminalCanRepaint();
  let painted = 0;
  let paintedAt = 0;
  const wipe = () => {
    if (painted > 0) stderr.write(`\x1b[${painted}A\x1b[J`);
    painted = 0;
  };
  return {
    ...options,
    isTerminal,
    get columns() {
      return stderr.columns || 80;
    },
    get rows() {
      return stderr.rows || 24;
    },
    pasteable: (text) => pasteable(text, dataDir),
    data(line) {
      wipe();
      stdout.write(`${line}\n`);
    },
    object(value) {
      wipe();
      const shown = (key: string, member: unknown) =>
        key === 'next' && typeof member === 'string' ? pasteable(member, dataDir) : member;
      stdout.write(`${JSON.stringify(value, shown)}\n`);
    },
    say(line) {
      wipe();
      stderr.write(`${pasteable(line, dataDir)}\n`);
    },
    show(lines) {
      const now = systemClock.now();
      if (!isTerminal || (lines.length > 0 && now - paintedAt < repaintEveryMs)) return;
      wipe();
      for (const line of lines) stderr.write(`${line.slice(0, (stderr.columns || 80) - 1)}\n`);
      painted = lines.length;
      paintedAt = now;
    },
  };
}

/** Command names after `lockstep` in our texts. */
const namedCommand =
  /(?<![\w/-])lockstep (sync (?:create|list|show|leases|pause|resume|reauth|recopy|delete|set)|org show|objects (?:list|available|fields|add|remove|verify|refetch|missing|set-aside)|budget (?:show|set)|(?:api|proxy)-key (?:create|list|revoke)|reader (?:create|list|drop)|jwt-key (?:create|list|delete)|session (?:list|end)|admin (?:setup-token|reset-password)|db (?:sql|test|set|drop-former)|audit|login|logout|start|demo|simulated-org|status|watch|flush|activity|freshness|usage|workers|proxy list|try|sql|openapi|completion|help|COMMAND)(?![\w-])/g;

/** A clone has no `lockstep` on the PATH, but one in its folder. */
export function pasteable(text: string, dataDir?: string): string {
  const data = dataDir === undefined || dataDir === defaultDataDir ? '' : ` --data ${shellWord(dataDir)}`;
  return text
    .replaceAll(namedCommand, (_, name: string) => {
      const isAboutData = !['completion', 'help', 'COMMAND'].includes(name);
      return `./lockstep ${name}${isAboutData ? data : ''}`;
    })
    .replaceAll(/npm run demo( --(?= ))?/g, (command: string) =>
      data === '' ? command : `npm run demo --${data}`,
    );
}

/** A table as text; columns in `right` are right-aligned. */
export function table(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number>,
): string {
  const all = [headers, ...rows].map((row) => row.map(printable));
  const widths = headers.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) =>
        right.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd();
  return all.map(line).join('\n');
}
