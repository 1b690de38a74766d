import { useNavigate, useSearch } from '@tanstack/react-router';

/** Several filters in the address, of which some may change at once. What is empty is left out of it. */
export function useSearchFilters<K extends string>(
  names: readonly K[],
): [Record<K, string>, (next: Partial<Record<K, string>>) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const filters = Object.fromEntries(names.map((name) => [name, search[name] ?? ''])) as Record<K, string>;
  const choose = (next: Partial<Record<K, string>>) =>
    void navigate({
      to: '.',
      search: (before) => {
        const after: Record<string, string | undefined> = { ...before, ...next };
        for (const name of names) if (after[name] === '') after[name] = undefined;
        return after;
      },
      replace: true,
      resetScroll: false,
    });
  return [filters, choose];
}
