/** What a command prints, and the exit code it ends with, when it fails. */

import { CommandError, exitCodeOf, exitCodes } from '../../core/command-error.ts';
import { faults } from '../../core/fault-catalogue.ts';
import { Fault } from '../../core/faults.ts';
import type { Output } from './output.ts';

/** Reports the failure on standard error, with --json also on standard output, and returns the exit code. */
export function reportFailure(error: unknown, output: Output): number {
  if (error instanceof SuppressedError) {
    // The clean-up failed as well; the first error is the cause.
    output.say(`also: ${describeError(error.error).title}`);
    return reportFailure(error.suppressed, output);
  }
  const { code, title, explanation, next, exitCode, details = [] } = describeError(error);
  output.say(`error${code ? ` ${code}` : ''}: ${[title, explanation].filter(Boolean).join('. ')}`);
  for (const line of details) output.say(line);
  if (next) output.say(`next: ${next}`);
  if (output.wantsJson) {
    const more = details.length > 0 && { details };
    output.object({ error: { code, title, explanation, next: output.pasteable(next), ...more } });
  }
  return exitCode;
}

interface FailureText {
  code: string;
  title: string;
  explanation: string;
  next: string;
  exitCode: number;
  details?: readonly string[];
}

function describeError(error: unknown): FailureText {
  if (error instanceof Fault) {
    const { title } = faults[error.code];
    const explanation = error.message.slice(title.length + 2);
    return { code: error.code, title, explanation, next: error.next, exitCode: exitCodeOf(error.code) };
  }
  if (error instanceof CommandError) {
    const { label = '', message, next, exitCode, details } = error;
    return { code: label, title: message, explanation: '', next, exitCode, details };
  }
  // Never the message, which may contain a record's value.
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const { code } = (error ?? {}) as { code?: unknown };
  return {
    code: '',
    title: `unexpected ${kind}${typeof code === 'string' ? ` ${code}` : ''} at ${placeOf(error)}`,
    explanation: '',
    next: 'This is a bug in Lockstep. Please report the line above.',
    exitCode: exitCodes.unexpected,
  };
}

/** The first frame of our own code in the stack. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /(?:src|dist)\/[\w./-]+:\d+/.exec(stack)?.[0] ?? 'an unknown place';
}
