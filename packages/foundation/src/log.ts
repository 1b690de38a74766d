import { type DestinationStream, pino } from 'pino';

/**
 * A log of fixed messages with fields from an allowlist: only `Fields` compiles. Messages contain no values, so they
 * can be searched for, and nothing from a record or a credential can get in.
 */
export interface Log<Fields extends object> {
  debug(message: string, fields?: Fields): void;
  info(message: string, fields?: Fields): void;
  warn(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same log, with these fields in every line. */
  with(fields: Fields): Log<Fields>;
}

/** One JSON object a line, with the level as a word. */
export function openLog<Fields extends object>(to: DestinationStream, level = 'info'): Log<Fields> {
  const formatters = { level: (label: string) => ({ level: label }) };
  return wrap(pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, to));
}

function wrap<Fields extends object>(logger: pino.Logger): Log<Fields> {
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
    with: (fields) => wrap(logger.child(fields)),
  };
}
