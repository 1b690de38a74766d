import { type FaultKind, faults } from './fault-catalogue.ts';

export type FaultCode = keyof typeof faults;

/** A stored credential cannot be opened, which only a person can repair. Takes a code of another version too. */
export const isKeyFault = (code: string): boolean => code.startsWith('KEY-');

/** What a fault may tell to a person or a log: names, codes and counts. Never a record's value, never a token. */
export type FaultFields = {
  reason?: string;
  stream?: string;
  org?: string;
  host?: string;
  where?: string;
  near?: string;
  /** Ids of keys, which tell nothing of them. */
  key?: string;
  /** Further sentences, each with a space before it. */
  more?: string;
  /** The name of a sync, as a shell takes it. */
  sync?: string;
  rows?: number;
  status?: number;
  sqlState?: string;
  /** How long the other side asks to wait. */
  waitMs?: number;
};

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly safe: FaultFields;

  constructor(code: FaultCode, safe: FaultFields = {}, options?: { cause?: unknown }) {
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
}

const filled = (text: string, safe: FaultFields) =>
  text.replace(/\{(\w+)\}/g, (_, name: string) => String(safe[name as keyof FaultFields] ?? ''));

/** The token endpoint itself says so: more tries lock users. A 401 of the API only says that a session has ended. */
export const isCredentialRefused = ({ code }: Fault): boolean => code === 'SF-01' || code === 'SF-07';
