/** As it stands where a shell needs no quotes. */
export const shellWord = (text: string): string => (/^[\w./-]+$/.test(text) ? text : quoted(text));

/** One word for a shell, whatever it holds. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
