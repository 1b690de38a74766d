import { faults } from './fault-catalogue.ts';
import type { FaultKind } from './fault-entry.ts';

export type FaultCode = keyof typeof faults;

/** Whether this version knows the code, which may come from another one. */
export const isFaultCode = (code: string): code is FaultCode => Object.hasOwn(faults, code);

/** A stored credential cannot be opened, which only a person can repair. Also accepts a code of another version. */
export const isKeyFault = (code: string): boolean => code.startsWith('KEY-');

/** What a fault may show to a user or write to a log: names, codes and counts. Never a record's value, never a token. */
export type FaultFields = {
  reason?: string;
  stream?: string;
  org?: string;
  host?: string;
  where?: string;
  field?: string;
  column?: string;
  near?: string;
  /** Key ids, which reveal nothing about the keys. */
  key?: string;
  /** Further sentences, each preceded by a space. */
  more?: string;
  /** The name of a sync, quoted for a shell. */
  sync?: string;
  rows?: number;
  status?: number;
  sqlState?: string;
  /** How long the other side asks to wait. */
  waitMs?: number;
};

type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never;
/** What the texts of a code name, so that no message has a hole. `near` and `more` may be empty. */
type Named<Code extends FaultCode> = Exclude<
  Placeholder<(typeof faults)[Code]['explanation' | 'next']>,
  'near' | 'more'
> &
  keyof FaultFields;
type Options = { cause?: unknown };
type Given<Code extends FaultCode> = [Named<Code>] extends [never]
  ? [safe?: FaultFields, options?: Options]
  : [safe: FaultFields & { [Name in Named<Code>]-?: NonNullable<FaultFields[Name]> }, options?: Options];

/** An error of the catalogue. Its message and next step are filled with its safe fields. */
export interface Fault extends Error {
  readonly name: 'Fault';
  readonly code: FaultCode;
  readonly safe: FaultFields;
  readonly kind: FaultKind;
  readonly next: string;
}

interface FaultConstructor {
  new <Code extends FaultCode>(code: Code, ...given: Given<Code>): Fault;
  readonly prototype: Fault;
}

export const Fault: FaultConstructor = class extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly safe: FaultFields;

  constructor(code: FaultCode, safe: FaultFields = {}, options?: Options) {
    super(`${faults[code].title}. ${filled(faults[code].explanation, safe)}`, options);
    this.code = code;
    this.safe = safe;
  }

  get kind(): FaultKind {
    return faults[this.code].kind;
  }

  get next(): string {
    return filled(faults[this.code].next, this.safe);
  }
};

const filled = (text: string, safe: FaultFields) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(safe[name as keyof FaultFields] ?? ''));

/** The token endpoint refused the credential: more tries would lock the user. A 401 from the API only ends a session. */
export const isCredentialRefused = ({ code }: { code: string }): boolean => /^SF-(?!02)\d\d$/.test(code);
