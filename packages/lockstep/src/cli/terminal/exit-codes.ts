import type { ErrorKind } from '../../core/request-error.ts';

/** The exit codes of all commands, besides 0 for success. */
export const exitCodes: Record<ErrorKind, number> = {
  unexpected: 1,
  usage: 2,
  'not healthy': 3,
  'not found': 4,
  'not allowed': 5,
  'Salesforce refused': 6,
  'database refused': 7,
  'time ran out': 8,
  interrupted: 130,
};
