const nearMax = 5;

/** Names that may have been meant by `name`, the nearest first: other case, without `__c`, a letter or two off. */
export function nearNames(name: string, names: readonly string[]): readonly string[] {
  const wanted = plain(name);
  const distanceMax = Math.min(2, Math.floor(wanted.length / 3));
  return names
    .map((other) => ({ other, distance: editDistance(wanted, plain(other)) }))
    .filter(({ distance }) => distance <= distanceMax)
    .toSorted((a, b) => a.distance - b.distance || a.other.localeCompare(b.other))
    .slice(0, nearMax)
    .map(({ other }) => other);
}

const plain = (name: string) => name.toLowerCase().replace(/__c$/, '');

/** Letters to insert, delete or replace (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [index, letter] of Array.from(from).entries()) {
    const next = [index + 1];
    for (const [column, other] of Array.from(to).entries()) {
      const replaced = (row[column] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
