/** What people may call a sync or a key: easy to type in commands and to show in tables. */
export const givenName = /^[A-Za-z0-9][A-Za-z0-9._ -]{0,59}$/;
