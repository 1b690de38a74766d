/**
 * Three kinds: after a transient fault the same request may work later; after a permanent one it never will, and the
 * code knows what to do instead; the third needs a person.
 */
export type FaultKind = 'transient' | 'permanent' | 'needs-person';

export interface FaultEntry {
  kind: FaultKind;
  title: string;
  explanation: string;
  next: string;
}
