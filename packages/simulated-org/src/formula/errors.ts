/** Why a formula cannot be a definition: Salesforce's text, and the place where there is one. Thrown by nothing else. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
  /** Characters before the place. */
  readonly at: number;

  constructor(reason: string, at = 0) {
    super(`Error: ${reason}`);
    this.at = at;
  }
}
