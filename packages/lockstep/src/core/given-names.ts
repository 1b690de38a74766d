/** What people may call a sync or a key: easy to type in commands and to show in tables. */
export const givenName = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,59}$/;

/** Of an application that reads a mirror: the end of its role's name, which has 63 bytes. */
export const readerName = /^[a-z][a-z0-9_]{0,19}$/;
