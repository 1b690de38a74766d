/** What a command says and how it ends when it cannot do what was asked. */

import { CommandError, exitCodeOf, exitCodes } from '../../core/command-error.ts';
import { faults } from '../../core/fault-catalogue.ts';
import { Fault } from '../../core/faults.ts';
import type { Output } from './output.ts';

/** Says what went wrong, on standard error and with --json on standard output too, and gives the exit code. */
export function reportFailure(error: unknown, output: Output): number {
  if (error instanceof SuppressedError) {
    // Ending failed as well; what came first is the cause.
    output.say(`also: ${toldOf(error.error).title}`);
    return reportFailure(error.suppressed, output);
  }
  const { code, title, explanation, next, exitCode, details = [] } = toldOf(error);
  output.say(`error${code ? ` ${code}` : ''}: ${[title, explanation].filter(Boolean).join('. ')}`);
  for (const line of details) output.say(line);
  if (next) output.say(`next: ${next}`);
  if (output.wantsJson) {
    const more = details.length > 0 && { details };
    output.object({ error: { code, title, explanation, next: output.pasteable(next), ...more } });
  }
  return exitCode;
}

interface Told {
  code: string;
  title: string;
  explanation: string;
  next: string;
  exitCode: number;
  details?: readonly string[];
}

function toldOf(error: unknown): Told {
  if (error instanceof Fault) {
    const { title } = faults[error.code];
    const explanation = error.message.slice(title.length + 2);
    return { code: error.code, title, explanation, next: error.next, exitCode: exitCodeOf(error.code) };
  }
  if (error instanceof CommandError) {
    const { label = '', message, next = '', exitCode, details } = error;
    return { code: label, title: message, explanation: '', next, exitCode, details };
  }
  // Never the message: it may hold a value.
  const kind = error instanceof Error ? error.constructor.name : typeof error;
  const { code } = (error ?? {}) as { code?: unknown };
  return {
    code: '',
    title: `unexpected ${kind}${typeof code === 'string' ? ` ${code}` : ''} at ${placeOf(error)}`,
    explanation: '',
    next: 'This is a defect of Lockstep. Please report the line above.',
    exitCode: exitCodes.unexpected,
  };
}

/** The first place of ours in the stack. */
function placeOf(error: unknown): string {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return /(?:src|dist)\/[\w./-]+:\d+/.exec(stack)?.[0] ?? 'an unknown place';
}
