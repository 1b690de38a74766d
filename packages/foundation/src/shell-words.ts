/** Quoted only if the shell needs it. */
export const shellWord = (text: string): string => (/^[\w./-]+$/.test(text) ? text : quoted(text));

/** One word for a shell, whatever characters it contains. */
export const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
