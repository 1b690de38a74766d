import type { Name, Soql } from './ast.ts';

/** A field of the query's own records in lower case, without the leading alias or sobject name. */
export function ownField({ from, alias }: Pick<Soql, 'from' | 'alias'>, { name }: Name): string | undefined {
  const [first = '', ...rest] = name.toLowerCase().split('.');
  if (rest.length === 0) return first;
  const isPrefixed = [from.name.toLowerCase(), alias?.toLowerCase()].includes(first);
  return isPrefixed && rest.length === 1 ? rest[0] : undefined;
}
