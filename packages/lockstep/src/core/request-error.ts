/** How what a person or a program asked for fails without a code of the catalogue. */

/** What is wrong, in general; the command line ends with an exit code for each kind. */
export type ErrorKind =
  | 'unexpected'
  | 'usage'
  | 'not healthy'
  | 'not found'
  | 'not allowed'
  | 'Salesforce refused'
  | 'database refused'
  | 'time ran out'
  | 'interrupted';

/** One thing that is wrong with a request. */
export interface FieldError {
  /** The member of the request, as a path; empty for the request as a whole. */
  field: string;
  reason: string;
  /** Of the catalogue; empty without one. */
  code: string;
  next: string;
}

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly kind: ErrorKind;
  /** Empty if there is nothing to do, or if the user knows: at Ctrl-C, or at an error in a query of theirs. */
  readonly next: string;
  /** Shown in front of the message, such as the SQLSTATE of a failed query. */
  readonly label: string;
  /** Lines below the message, such as the position in a query. */
  readonly details: readonly string[];
  /** What is wrong with the request, member by member, see wrong-members.ts. */
  readonly errors: readonly FieldError[];

  constructor(
    message: string,
    {
      kind,
      next,
      label = '',
      details = [],
      errors = [],
    }: {
      kind: ErrorKind;
      next: string;
      label?: string;
      details?: readonly string[];
      errors?: readonly FieldError[];
    },
  ) {
    super(message);
    this.kind = kind;
    this.next = next;
    this.label = label;
    this.details = details;
    this.errors = errors;
  }
}

export const usageError = (message: string, next = 'lockstep help'): RequestError =>
  new RequestError(message, { kind: 'usage', next });

/** Ctrl-C at a prompt. */
export const interruption = (): RequestError =>
  new RequestError('Interrupted', { kind: 'interrupted', next: '' });
export const isInterruption = (error: unknown): boolean =>
  error instanceof RequestError && error.kind === 'interrupted';

/** The kind of a fault by its code, which may come from another version. */
export function errorKindOf(code: string): ErrorKind {
  if (code === 'ORG-04' || /^API-(02|03|08|10|11|13|14|15|16)$/.test(code)) return 'not allowed';
  if (['SCH-09', 'PRX-01', 'API-05', 'API-12'].includes(code)) return 'not found';
  if (code === 'API-04' || code === 'API-07') return 'not healthy';
  if (['SYS-12', 'SYS-13', 'SYS-18', 'SYS-19', 'SYS-23', 'SYS-24'].includes(code)) return 'not healthy';
  if (code === 'SYS-14') return 'time ran out';
  if (code === 'SYS-22') return 'not allowed';
  if (/^(CFG|API)-/.test(code) || code === 'LIM-05') return 'usage';
  if (/^(SF|ORG|LIM|PERM|SCH|NET|DATA|VER)-/.test(code)) return 'Salesforce refused';
  if (code.startsWith('DB-')) return 'database refused';
  return 'unexpected';
}
