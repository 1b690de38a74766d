/** What a command prints, and the exit code it ends with, when it fails. */

import { faults } from '../../core/fault-catalogue.ts';
import { Fault, isFaultCode } from '../../core/faults.ts';
import { type ErrorKind, errorKindOf, type FieldError, RequestError } from '../../core/request-error.ts';
import { exitCodes } from './exit-codes.ts';
import type { Output } from './output.ts';

/** Reports the failure on standard error, with --json also on standard output, and returns the exit code. */
export function reportFailure(error: unknown, output: Output): number {
  if (error instanceof SuppressedError) {
    // The clean-up failed as well; the first error is the cause.
    output.say(`also: ${describeError(error.error).title}`);
    return reportFailure(error.suppressed, output);
  }
  const { code, title, explanation, next, kind, details = [], errors = [] } = describeError(error);
  output.say(`error${code ? ` ${code}` : ''}: ${[title, explanation].filter(Boolean).join('. ')}`);
  for (const line of details) output.say(line);
  if (next) output.say(`next: ${next}`);
  if (output.wantsJson) {
    const wrong = errors.map((one) => ({ ...one, next: output.pasteable(one.next) }));
    const more = { ...(details.length > 0 && { details }), ...(wrong.length > 0 && { errors: wrong }) };
    output.object({ error: { code, title, explanation, next: output.pasteable(next), ...more } });
  }
  return exitCodes[kind];
}

interface FailureText {
  code: string;
  title: string;
  explanation: string;
  next: string;
  kind: ErrorKind;
  details?: readonly string[];
  errors?: readonly FieldError[];
}

function describeError(error: unknown): FailureText {
  if (error instanceof Fault) {
    const { title } = faults[error.code];
    const explanation = error.message.slice(title.length + 2);
    return { code: error.code, title, explanation, next: error.next, kind: errorKindOf(error.code) };
  }
  if (error instanceof RequestError) {
    const { label, message, next, kind, errors } = error;
    const details = [...error.details, ...fieldLines(error)];
    const title = isFaultCode(label) ? faults[label].title : message;
    // A fault that the server reports has its title in its message, as one of this process has.
    if (!message.startsWith(`${title}. `))
      return { code: label, title: message, explanation: '', next, kind, details, errors };
    return { code: label, title, explanation: message.slice(title.length + 2), next, kind, details, errors };
  }
  // Never the message, which may contain a record's value.
  const thrown = error instanceof Error ? error.constructor.name : typeof error;
  const { code } = (error ?? {}) as { code?: unknown };
  return {
    code: '',
    title: `unexpected ${thrown}${typeof code === 'string' ? ` ${code}` : ''} at ${placeOf(error)}`,
    explanation: '',
    next: 'This is a bug in Lockstep. Please report the line above.',
    kind: 'unexpected',
  };
}

/** What is wrong besides what the message tells, each with its repair unless that is the error's own. */
function fieldLines({ message, next, errors }: RequestError): string[] {
  const others = errors.filter(({ reason }) => reason !== message);
  return others.flatMap(({ field, reason, next: repair }) => [
    `  ${others.length < errors.length ? 'also ' : ''}${field === '' ? 'request' : field}: ${reason}`,
    ...(repair === '' || repair === next ? [] : [`    next: ${repair}`]),
  ]);
}

/** The first frame of our own code in the stack. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /(?:src|dist)\/[\w./-]+:\d+/.exec(stack)?.[0] ?? 'an unknown place';
}
