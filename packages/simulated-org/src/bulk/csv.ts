import { invalidBatch, JobFailure } from './refusals.ts';

/**
 * CSV as the Bulk API accepts and returns it: RFC 4180 with a choice of delimiter and line ending. A quoted value may
 * contain the delimiter, line breaks and doubled quotes. Nothing is trimmed.
 */
export const delimiters = {
  BACKQUOTE: '`',
  CARET: '^',
  COMMA: ',',
  PIPE: '|',
  SEMICOLON: ';',
  TAB: '\t',
} as const;
export const lineEndings = { LF: '\n', CRLF: '\r\n' } as const;

export interface CsvForm {
  delimiter: string;
  lineEnding: string;
}

export const csvForm = (job: { column_delimiter: string; line_ending: string }): CsvForm => ({
  delimiter: delimiters[job.column_delimiter as keyof typeof delimiters],
  lineEnding: lineEndings[job.line_ending as keyof typeof lineEndings],
});

const quoted = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** Values in quotes, without a line ending. */
export const csvValues = (values: readonly string[], { delimiter }: CsvForm): string =>
  values.map(quoted).join(delimiter);

const fieldCharactersMax = 32_000;
const fieldsMax = 5000;
const recordCharactersMax = 400_000;

/**
 * Parses records from text that arrives in pieces. An incomplete record is parsed again from its start when more text
 * has arrived, so the only state is where it starts.
 */
export class CsvReader {
  /** Text that is not parsed yet. */
  private text = '';
  private at = 0;
  private isEnded = false;
  private readonly form: CsvForm;
  private readonly plain: RegExp;

  constructor(form: CsvForm) {
    this.form = form;
    this.plain = new RegExp(`[^\\${form.delimiter}"\\n]*`, 'y');
  }

  push(piece: string): void {
    this.text = this.text.slice(this.at) + piece;
    this.at = 0;
  }

  /** No more text will arrive: the last record needs no line ending. */
  end(): void {
    this.isEnded = true;
  }

  /** Text that has arrived and was not parsed. */
  rest(): string {
    return this.text.slice(this.at);
  }

  /**
   * The next record; undefined if more text is needed, or nothing is left. Empty lines are skipped.
   *
   * @throws {@link JobFailure} if the text is not CSV of this form
   */
  next(): string[] | undefined {
    for (;;) {
      const start = this.at;
      const values = this.record();
      if (!values) {
        this.at = start;
        if (this.text.length - start > 2 * recordCharactersMax) throw tooLarge();
        return undefined;
      }
      if (values.length > 1 || values[0] !== '') return values;
    }
  }

  private record(): string[] | undefined {
    if (this.at >= this.text.length) return undefined;
    const start = this.at;
    const values: string[] = [];
    for (;;) {
      const value = this.text[this.at] === '"' ? this.quotedValue() : this.plainValue();
      if (value === undefined) return undefined;
      if (value.length > fieldCharactersMax) {
        throw invalidBatch(`A field is longer than ${fieldCharactersMax} characters`);
      }
      values.push(value);
      if (values.length > fieldsMax) throw invalidBatch(`A record has more than ${fieldsMax} fields`);
      if (this.text[this.at] !== this.form.delimiter) break;
      this.at += 1;
    }
    if (!this.lineEnd()) return undefined;
    if (this.at - start > recordCharactersMax) throw tooLarge();
    return values;
  }

  private plainValue(): string | undefined {
    this.plain.lastIndex = this.at;
    let value = this.plain.exec(this.text)?.[0] ?? '';
    const next = this.text[this.at + value.length];
    if (next === undefined && !this.isEnded) return undefined;
    if (next === '"') throw invalidBatch('A quote stands inside a value that is not quoted');
    // A carriage return before the line feed belongs to the line ending.
    if (next === '\n' && value.endsWith('\r')) value = value.slice(0, -1);
    this.at += value.length;
    return value;
  }

  private quotedValue(): string | undefined {
    const start = this.at + 1;
    for (let from = start; ; ) {
      const close = this.text.indexOf('"', from);
      // A quote at the end of the text so far may be the first half of a doubled one.
      const isOpen = close < 0 || (close === this.text.length - 1 && !this.isEnded);
      if (isOpen && !this.isEnded) return undefined;
      if (isOpen) throw invalidBatch('A quoted value does not end');
      if (this.text[close + 1] !== '"') {
        this.at = close + 1;
        return this.text.slice(start, close).replaceAll('""', '"');
      }
      from = close + 2;
    }
  }

  /** False if more text is needed. */
  private lineEnd(): boolean {
    const next = this.text[this.at];
    if (next === undefined) return this.isEnded;
    const isCrLf = next === '\r' && this.text[this.at + 1] === '\n';
    if (next === '\r' && this.text.length === this.at + 1 && !this.isEnded) return false;
    if (next !== '\n' && !isCrLf) throw invalidBatch('Text follows a closing quote');
    if (isCrLf !== (this.form.lineEnding === '\r\n')) throw wrongLineEnding(this.form);
    this.at += isCrLf ? 2 : 1;
    return true;
  }
}

const tooLarge = () => invalidBatch(`A record is longer than ${recordCharactersMax} characters`);

const wrongLineEnding = ({ lineEnding }: CsvForm) =>
  new JobFailure(
    `ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is ${lineEnding === '\n' ? 'LF' : 'CRLF'}`,
  );
