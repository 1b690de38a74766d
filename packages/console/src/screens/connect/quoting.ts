/** Texts within the languages of the snippets. */

/** For a shell. */
export const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;

/** Java and Python take the same escapes. */
export const programText = (text: string) => JSON.stringify(text);
