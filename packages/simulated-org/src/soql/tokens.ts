/** Splits a query into tokens, each with its offset, and converts constants to values. */
import { errorAt, type SoqlError } from './errors.ts';

export type Token = { text: string; at: number } & (
  | { kind: 'name' | 'symbol' | 'end' }
  | { kind: 'number' | 'date' | 'datetime' | 'time'; value: string }
  | { kind: 'string'; value: string; pattern: string }
);

/** Salesforce's limit for one string in a filter. */
const stringCharactersMax = 4000;
/** A double needs no more; PostgreSQL's numeric fails beyond 131,072 digits. */
const numberCharactersMax = 400;

const space = /\s+/y;
const word = /[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*/y;
const symbol = /!=|<>|<=|>=|[=<>(),:]/y;
/** Everything that may be part of a number, date or time, so that `2020-01-01X` is one wrong token, not two. */
const numeric = /[+-]?\.?\d(?:[\w.:]|[+-](?=\d))*/y;
const number = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE]([+-]?\d+))?$/;
const date = /^(\d{4})-(\d\d)-(\d\d)$/;
const datetime = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d(?:\.\d{1,3})?)(?:Z|([+-])(\d\d):?(\d\d))$/i;
const time = /^(\d\d):(\d\d):(\d\d)(?:\.\d{1,3})?Z$/i;

/** @throws {@link SoqlError} at the first character that no token begins with, and at constants out of range */
export function tokenise(query: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(query)?.[0];
  };
  for (;;) {
    at += take(space)?.length ?? 0;
    if (at >= query.length) {
      tokens.push({ kind: 'end', text: '<EOF>', at: query.length });
      return tokens;
    }
    const token = query[at] === "'" ? readString(query, at) : readPlain(query, at, take);
    tokens.push(token);
    at += token.text.length;
  }
}

function readPlain(query: string, at: number, take: (pattern: RegExp) => string | undefined): Token {
  const name = take(word);
  if (name !== undefined) return { kind: 'name', text: name, at };
  const digits = take(numeric);
  if (digits !== undefined) return readNumeric(query, at, digits);
  const sign = take(symbol);
  if (sign !== undefined) return { kind: 'symbol', text: sign, at };
  throw unexpectedToken(query, at, String.fromCodePoint(query.codePointAt(at) ?? 0));
}

function readNumeric(query: string, at: number, text: string): Token {
  const outOfRange = () => errorAt(query, at, 'MALFORMED_QUERY', `value out of range: ${text}`);
  const asNumber = number.exec(text);
  if (asNumber) {
    const exponent = Math.abs(Number(asNumber[1] ?? 0));
    if (text.length > numberCharactersMax || exponent > numberCharactersMax) throw outOfRange();
    return { kind: 'number', text, at, value: text };
  }
  if (date.test(text)) {
    if (!isDay(text)) throw outOfRange();
    return { kind: 'date', text, at, value: text };
  }
  const asDatetime = datetime.exec(text);
  if (asDatetime) {
    const value = toUtc(asDatetime);
    if (value === null) throw outOfRange();
    return { kind: 'datetime', text, at, value };
  }
  if (time.test(text)) {
    if (!isTime(text)) throw outOfRange();
    return { kind: 'time', text, at, value: text.slice(0, -1) };
  }
  throw unexpectedToken(query, at, text);
}

/** Salesforce's calendar goes from 1700 to 4000. */
function isDay(text: string): boolean {
  const [year = 0, month = 0, day = 0] = text.split('-').map(Number);
  const lastDay = new Date(Date.UTC(year, month, 0)).getUTCDate();
  return year >= 1700 && year <= 4000 && month >= 1 && month <= 12 && day >= 1 && day <= lastDay;
}

function isTime(text: string): boolean {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map((part) => Number.parseInt(part, 10));
  return hours <= 23 && minutes <= 59 && seconds <= 59;
}

function toUtc([, day = '', clock = '', sign, hours = '0', minutes = '0']: RegExpExecArray): string | null {
  if (!isDay(day) || !isTime(clock) || Number(hours) > 23 || Number(minutes) > 59) return null;
  const offsetMs = (Number(hours) * 60 + Number(minutes)) * 60_000;
  const local = Date.parse(`${day}T${clock}Z`);
  return new Date(sign === '-' ? local + offsetMs : local - offsetMs).toISOString();
}

const escapes: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
  '%': '%',
  _: '_',
};

function readString(query: string, start: number): Token {
  let value = '';
  let pattern = '';
  let at = start + 1;
  while (query[at] !== "'") {
    const character = query[at];
    if (character === undefined || character === '\n' || character === '\r') {
      throw errorAt(query, start, 'MALFORMED_QUERY', 'string literal is not terminated by a quote');
    }
    const escape = character === '\\' ? readEscape(query, at) : null;
    const read = escape?.character ?? character;
    if (read === '\0') throw errorAt(query, at, 'MALFORMED_QUERY', 'illegal character in string literal');
    value += read;
    pattern += escape && /[\\%_]/.test(read) ? `\\${read}` : read;
    at += escape?.length ?? 1;
  }
  if (value.length > stringCharactersMax) {
    const reason = `string literal is longer than ${stringCharactersMax} characters`;
    throw errorAt(query, start, 'MALFORMED_QUERY', reason);
  }
  return { kind: 'string', text: query.slice(start, at + 1), at: start, value, pattern };
}

/** `\n` and the like, case-insensitive as in Salesforce, and `\u00e9`. */
function readEscape(query: string, at: number): { character: string; length: number } {
  const letter = query[at + 1] ?? '';
  const hex = /^[0-9a-f]{4}$/i.exec(query.slice(at + 2, at + 6))?.[0];
  if (/u/i.test(letter) && hex)
    return { character: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
  const character = letter === '' || letter === '\0' ? undefined : escapes[letter.toLowerCase()];
  if (character === undefined) {
    throw errorAt(query, at, 'MALFORMED_QUERY', `invalid string literal: unknown escape '\\${letter}'`);
  }
  return { character, length: 2 };
}

export const unexpectedToken = (query: string, at: number, text: string): SoqlError =>
  errorAt(query, at, 'MALFORMED_QUERY', `unexpected token: '${text}'`);
