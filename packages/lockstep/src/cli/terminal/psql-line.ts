import { quoted } from '@lockstep/foundation/shell-words';

/** The URL without its password, and the password. */
export function withoutPassword(url: string): { url: string; password: string } {
  const parsed = new URL(url);
  const password = decodeURIComponent(parsed.password);
  parsed.password = '';
  return { url: parsed.toString(), password };
}

/** A shell line that opens psql. Its arguments are visible to every user of the machine, its environment is not. */
export function psqlLine(url: string): string {
  const mirror = withoutPassword(url);
  if (mirror.password === '') return `psql ${quoted(mirror.url)}`;
  return `PGPASSWORD=${quoted(mirror.password)} psql ${quoted(mirror.url)}`;
}
