/** How a command fails: its exit codes, and an error for failures that have no code in the catalogue. */

/** The exit codes of all commands, besides 0 for success. */
export const exitCodes = {
  unexpected: 1,
  usage: 2,
  notHealthy: 3,
  notFound: 4,
  notAllowed: 5,
  salesforceRefused: 6,
  databaseRefused: 7,
  timeRanOut: 8,
  interrupted: 130,
} as const;

/** Ends a command with a message, the next step and an exit code. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  /** Empty if there is nothing to do, or if the user knows: at Ctrl-C, or at an error in a query of theirs. */
  readonly next: string;
  /** Shown in front of the message, such as the SQLSTATE of a failed query. */
  readonly label: string | undefined;
  /** Lines below the message, such as the position in a query. */
  readonly details: readonly string[];

  constructor(
    message: string,
    {
      exitCode,
      next,
      label,
      details = [],
    }: { exitCode: number; next: string; label?: string; details?: readonly string[] },
  ) {
    super(message);
    this.exitCode = exitCode;
    this.next = next;
    this.label = label;
    this.details = details;
  }
}

export const usageError = (message: string, next = 'lockstep help'): CommandError =>
  new CommandError(message, { exitCode: exitCodes.usage, next });

/** Ctrl-C at a prompt. */
export const interruption = (): CommandError =>
  new CommandError('Interrupted', { exitCode: exitCodes.interrupted, next: '' });
export const isInterruption = (error: unknown): boolean =>
  error instanceof CommandError && error.exitCode === exitCodes.interrupted;

/** The exit code for a fault's code, which may come from another version. */
export function exitCodeOf(code: string): number {
  if (code === 'ORG-04') return exitCodes.notAllowed;
  if (code === 'SCH-09' || code === 'PRX-01') return exitCodes.notFound;
  if (code === 'SYS-12' || code === 'SYS-13') return exitCodes.notHealthy;
  if (code === 'SYS-14') return exitCodes.timeRanOut;
  if (code.startsWith('CFG-') || code === 'LIM-05') return exitCodes.usage;
  if (/^(SF|ORG|LIM|PERM|SCH|NET|DATA)-/.test(code)) return exitCodes.salesforceRefused;
  if (code.startsWith('DB-')) return exitCodes.databaseRefused;
  return exitCodes.unexpected;
}
