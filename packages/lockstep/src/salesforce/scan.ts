import { Fault } from '../core/faults.ts';

/** A piece of the scanned text: from `start` up to, not including, `end`. */
export interface Span {
  start: number;
  end: number;
}

/** Deeper than any real answer; keeps a hostile one from exhausting the stack. */
const depthMax = 100;

const quote = 0x22;
const backslash = 0x5c;

/**
 * Walks over JSON text without building values, so that numbers keep their digits and a page of thousands of
 * records costs one pass. It accepts exactly what JSON.parse accepts, up to a nesting of 100; anything else is an
 * answer that was cut short or damaged and becomes the fault `DATA-03`, which names the position and never the text.
 *
 * The current position is `at`. The callbacks of `object` and `array` are called in front of a value, which they must
 * consume with one of the scanner's methods.
 */
export class JsonScanner {
  readonly text: string;
  at = 0;
  /** Set when the scanner meets an escape that PostgreSQL may refuse: NUL, or half of a surrogate pair. */
  metSuspectEscape = false;

  constructor(text: string) {
    this.text = text;
  }

  object(onMember: (key: string) => void): void {
    this.expect('{');
    if (this.take('}')) return;
    do {
      const key = this.string();
      this.expect(':');
      this.space();
      onMember(key);
    } while (this.take(','));
    this.expect('}');
  }

  array(onElement: () => void): void {
    this.expect('[');
    if (this.take(']')) return;
    do {
      this.space();
      onElement();
    } while (this.take(','));
    this.expect(']');
  }

  /** Consumes a string and decodes it. */
  string(): string {
    this.space();
    if (this.text.charCodeAt(this.at) !== quote) this.fail();
    const start = this.at;
    this.at = this.stringEnd(start);
    const inner = this.text.slice(start + 1, this.at - 1);
    return inner.includes('\\') ? (JSON.parse(this.text.slice(start, this.at)) as string) : inner;
  }

  /** Consumes any value. */
  value(): Span {
    this.space();
    const start = this.at;
    this.at = this.valueEnd(start, 0);
    return { start, end: this.at };
  }

  slice(span: Span): string {
    return this.text.slice(span.start, span.end);
  }

  /** The character at which the next value begins; empty at the end of the text. */
  next(): string {
    this.space();
    return this.text.charAt(this.at);
  }

  /** Nothing but white space may follow. */
  finish(): void {
    this.space();
    if (this.at !== this.text.length) this.fail();
  }

  fail(at = this.at): never {
    throw new Fault('DATA-03', { where: `character ${at}` });
  }

  private space(): void {
    this.at = this.spaceEnd(this.at);
  }

  private take(mark: string): boolean {
    if (this.next() !== mark) return false;
    this.at++;
    return true;
  }

  private expect(mark: string): void {
    if (!this.take(mark)) this.fail();
  }

  // From here on positions are passed as arguments instead of kept in `at`: this is the hot path.

  private spaceEnd(at: number): number {
    let end = at;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) end++;
      else return end;
    }
  }

  private valueEnd(at: number, depth: number): number {
    if (depth > depthMax) this.fail(at);
    switch (this.text.charCodeAt(at)) {
      case quote:
        return this.stringEnd(at);
      case 0x7b: // {
        return this.objectEnd(at, depth);
      case 0x5b: // [
        return this.arrayEnd(at, depth);
      case 0x74:
        return this.wordEnd(at, 'true');
      case 0x66:
        return this.wordEnd(at, 'false');
      case 0x6e:
        return this.wordEnd(at, 'null');
      default:
        return this.numberEnd(at);
    }
  }

  private objectEnd(at: number, depth: number): number {
    const { text } = this;
    let end = this.spaceEnd(at + 1);
    if (text.charCodeAt(end) === 0x7d) return end + 1;
    for (;;) {
      if (text.charCodeAt(end) !== quote) this.fail(end);
      end = this.spaceEnd(this.stringEnd(end));
      if (text.charCodeAt(end) !== 0x3a) this.fail(end);
      end = this.spaceEnd(this.valueEnd(this.spaceEnd(end + 1), depth + 1));
      const mark = text.charCodeAt(end);
      if (mark === 0x7d) return end + 1;
      if (mark !== 0x2c) this.fail(end);
      end = this.spaceEnd(end + 1);
    }
  }

  private arrayEnd(at: number, depth: number): number {
    const { text } = this;
    let end = this.spaceEnd(at + 1);
    if (text.charCodeAt(end) === 0x5d) return end + 1;
    for (;;) {
      end = this.spaceEnd(this.valueEnd(end, depth + 1));
      const mark = text.charCodeAt(end);
      if (mark === 0x5d) return end + 1;
      if (mark !== 0x2c) this.fail(end);
      end = this.spaceEnd(end + 1);
    }
  }

  private stringEnd(at: number): number {
    const { text } = this;
    let end = at + 1;
    for (;;) {
      const code = text.charCodeAt(end);
      if (code === quote) return end + 1;
      if (code === backslash) end = this.escapeEnd(end);
      else if (code >= 0x20) end++;
      else this.fail(end); // a raw control character, or the end of the text
    }
  }

  private escapeEnd(at: number): number {
    const letter = this.text.charAt(at + 1);
    if (letter !== 'u') {
      if (letter === '' || !'"\\/bfnrt'.includes(letter)) this.fail(at);
      return at + 2;
    }
    const digits = this.text.slice(at + 2, at + 6);
    if (!/^[0-9a-fA-F]{4}$/.test(digits)) this.fail(at);
    if (digits === '0000' || /^d[89a-f]/i.test(digits)) this.metSuspectEscape = true;
    return at + 6;
  }

  private wordEnd(at: number, word: string): number {
    if (!this.text.startsWith(word, at)) this.fail(at);
    return at + word.length;
  }

  private numberEnd(at: number): number {
    const { text } = this;
    const wholeAt = text.charCodeAt(at) === 0x2d ? at + 1 : at;
    let end = text.charCodeAt(wholeAt) === 0x30 ? wholeAt + 1 : this.digitsEnd(wholeAt);
    if (text.charCodeAt(end) === 0x2e) end = this.digitsEnd(end + 1);
    if ((text.charCodeAt(end) | 0x20) === 0x65) {
      const sign = text.charCodeAt(end + 1);
      end = this.digitsEnd(sign === 0x2b || sign === 0x2d ? end + 2 : end + 1);
    }
    return end;
  }

  /** At least one digit. */
  private digitsEnd(at: number): number {
    let end = at;
    for (;;) {
      const code = this.text.charCodeAt(end);
      if (code >= 0x30 && code <= 0x39) end++;
      else break;
    }
    if (end === at) this.fail(at);
    return end;
  }
}
