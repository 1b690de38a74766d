/** A log of what happened, in sentences; a trace prints those about one record. Kept only for a traced run. */
import type { Agenda } from './agenda.ts';

interface Line {
  at: number;
  /** A record's Id; `process` for what concerns every record, `cursor` for what only a full trace shows. */
  about: string;
  text: string;
}

export class Journal {
  readonly lines: Line[] = [];
  private readonly agenda: Agenda;
  private readonly isKept: boolean;
  private readonly beganAt: number;

  constructor(agenda: Agenda, isKept: boolean) {
    this.agenda = agenda;
    this.isKept = isKept;
    this.beganAt = agenda.now;
  }

  /** @param text  called only if the journal is kept */
  add(about: string, text: () => string): void {
    if (this.isKept) this.lines.push({ at: this.agenda.now - this.beganAt, about, text: text() });
  }

  /** All sentences, or those about one record, in the order of the run. */
  linesAbout(id: string | null): string[] {
    return this.lines
      .filter(({ about }) => id === null || about === id || about === 'process')
      .map(({ at, text }) => `${(at / 1000).toFixed(3).padStart(10)} s  ${text}`);
  }
}
