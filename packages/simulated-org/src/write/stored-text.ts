/**
 * Salesforce serves text that PostgreSQL cannot store: the character U+0000 and halves of surrogate pairs. They are
 * stored as U+E000 followed by four hexadecimal digits, and sent as `\uXXXX` by editing JSON text that is already
 * formatted. U+E000 itself, a private-use character, is stored the same way, so that every text comes back unchanged.
 * SQL that writes a table directly can store such a value too: `U&'\E0000000'` is served as `\u0000`.
 */
const mark = '\uE000';
const marked = (unit: string): string => mark + unit.charCodeAt(0).toString(16).padStart(4, '0');

export const toStored = (text: string): string =>
  text.replace(/\p{Surrogate}|\uE000/gu, marked).replaceAll('\0', marked);

/** Replaces the marked characters in Postgres's JSON text by JSON escapes. */
export const toServed = (json: string): string =>
  json.includes(mark) ? json.replace(/\uE000([0-9A-Fa-f]{4})/g, '\\u$1') : json;

/** The plain text that `toStored` was given. */
export const fromStored = (text: string): string =>
  text.includes(mark)
    ? text.replace(/\uE000([0-9A-Fa-f]{4})/g, (_all, unit: string) =>
        String.fromCharCode(Number.parseInt(unit, 16)),
      )
    : text;
