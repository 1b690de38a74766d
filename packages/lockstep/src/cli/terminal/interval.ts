import { parseInterval } from '../../control/index.ts';
import { usageError } from '../../core/request-error.ts';

/**
 * The value of --every, in milliseconds.
 * @throws Fault `LIM-05`; a usage error if only the unit is missing
 */
export function intervalOf(text: string, help: string): number {
  const seconds = /^\d{1,3}(\.\d{1,3})?$/.test(text) ? Number(text) : 0;
  if (seconds >= 0.2 && seconds <= 300) throw usageError(`--every needs a unit: write ${text}s`, help);
  return parseInterval(text);
}
