/** Why a formula cannot be part of a definition: Salesforce's text, and the position if there is one. */
export class FormulaError extends Error {
  override readonly name = 'FormulaError';
  /** The offset of the position. */
  readonly at: number;

  constructor(reason: string, at = 0) {
    super(`Error: ${reason}`);
    this.at = at;
  }
}
