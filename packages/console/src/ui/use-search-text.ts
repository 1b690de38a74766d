import { useNavigate, useSearch } from '@tanstack/react-router';

/** A choice that stands in the address, such as a filter or a tab. The usual one is left out of it. */
export function useSearchText(name: string, usual = ''): [string, (next: string) => void] {
  const search = useSearch({ strict: false });
  const navigate = useNavigate();
  const choose = (next: string) =>
    void navigate({
      to: '.',
      search: (before) => ({ ...before, [name]: next === usual ? undefined : next }),
      replace: true,
      resetScroll: false,
    });
  return [search[name] ?? usual, choose];
}
