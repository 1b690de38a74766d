/** How a query is refused: Salesforce's code, and its text that points at the position. */
export type SoqlErrorCode =
  | 'MALFORMED_QUERY'
  | 'INVALID_FIELD'
  | 'INVALID_TYPE'
  | 'INVALID_TYPE_FOR_OPERATION'
  | 'INVALID_QUERY_FILTER_OPERATOR'
  | 'NUMBER_OUTSIDE_VALID_RANGE'
  | 'EXTERNAL_OBJECT_UNSUPPORTED_EXCEPTION'
  | 'BIG_OBJECT_UNSUPPORTED_OPERATION';

/** The only error that parsing and compiling throw. Salesforce answers it with status 400. */
export class SoqlError extends Error {
  override readonly name = 'SoqlError';
  readonly code: SoqlErrorCode;
  constructor(code: SoqlErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** Of longer lines only the surroundings of the position are echoed. */
const echoedCharactersMax = 1000;

/**
 * The recorded form of an error with a position: an empty line, the query's line, a caret below the character at
 * offset `at`, the row and column (both from 1), the reason.
 */
export function errorAt(query: string, at: number, code: SoqlErrorCode, reason: string): SoqlError {
  const linesBefore = query.slice(0, at).split(/\r\n|\r|\n/);
  const column = linesBefore.at(-1)?.length ?? 0;
  const line = query.slice(at - column).split(/[\r\n]/, 1)[0] ?? '';
  const from = line.length > echoedCharactersMax ? Math.max(0, column - echoedCharactersMax / 2) : 0;
  const echo = line.slice(from, from + echoedCharactersMax);
  return new SoqlError(
    code,
    `\n${echo}\n${' '.repeat(column - from)}^\nERROR at Row:${linesBefore.length}:Column:${column + 1}\n${reason}`,
  );
}
