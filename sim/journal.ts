/** What happened, in sentences, of which a trace prints those that touch one record. Kept only where it is wanted. */
import type { Agenda } from './agenda.ts';

interface Line {
  at: number;
  /** Null for what concerns every record. */
  id: string | null;
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

  /** @param text  made only where it is kept */
  add(id: string | null, text: () => string): void {
    if (this.isKept) this.lines.push({ at: this.agenda.now - this.beganAt, id, text: text() });
  }

  /** Everything, or what touches one record. */
  about(id: string | null): string[] {
    return this.lines
      .filter((line) => id === null || line.id === id || line.id === null)
      .map(({ at, text }) => `${(at / 1000).toFixed(3).padStart(10)} s  ${text}`);
  }
}
