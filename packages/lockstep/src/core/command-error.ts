/** An error in words of its own, for what has no code: what is wrong, what to do next, how a command ends. */

/** The exit codes of every command, besides 0 for done. */
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

/** Ends a command with words of its own: what is wrong and what to do next. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly exitCode: number;
  readonly next: string | undefined;
  /** Shown in front of the message, such as the SQLSTATE of a person's own query. */
  readonly label: string | undefined;
  /** Lines below the message, such as the place in a query. */
  readonly details: readonly string[];

  constructor(
    message: string,
    {
      exitCode,
      next,
      label,
      details = [],
    }: { exitCode: number; next?: string; label?: string; details?: readonly string[] },
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

/** Ctrl-C while something was asked. */
export const interruption = (): CommandError =>
  new CommandError('Interrupted', { exitCode: exitCodes.interrupted });
export const isInterruption = (error: unknown): boolean =>
  error instanceof CommandError && error.exitCode === exitCodes.interrupted;

/** Of a fault's code, which may come from another version. */
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
