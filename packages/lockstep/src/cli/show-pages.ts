/** Lists of what has happened, from the newest on: how much of one a command shows, and where it goes on. */
import type { z } from 'zod';
import { usageError } from '../core/request-error.ts';
import type { ApiClient } from './api-client.ts';
import type { Arguments, Flag } from './arguments.ts';
import type { Output } from './terminal/output.ts';

export const pageFlags: Readonly<Record<'limit' | 'after' | 'all', Flag>> = {
  limit: { value: 'COUNT', description: 'At most so many entries, 1 to 500; 50 without it.' },
  after: { value: 'ID', description: 'Goes on after this entry: only older ones.' },
  all: { description: 'All entries, page by page; with --json one object for each page.' },
};

interface Page {
  items: readonly object[];
  next: string | null;
  as_of: string;
}

/** What the flags ask of the API for the first page. @param help  the command that explains them */
export function firstPage(args: Arguments, help: string): URLSearchParams {
  if (args.isSet('all') && args.isSet('limit')) throw usageError('--limit does not go with --all', help);
  const limit = args.number('limit', { min: 1, max: 500, otherwise: args.isSet('all') ? 500 : 50 });
  const after = args.text('after');
  if (after !== undefined && !/^\d{1,15}$/.test(after))
    throw usageError('--after takes the id of an entry, a number', help);
  return new URLSearchParams({ limit: String(limit), ...(after !== undefined && { after }) });
}

/** Shows one page or all; each is shown before the next one is asked for. */
export async function showPages<Form extends z.ZodType<Page>>(
  api: ApiClient,
  path: string,
  form: Form,
  shown: {
    query: URLSearchParams;
    isAll: boolean;
    output: Output;
    /** Further members of the JSON. */
    more?: object;
    /** What is said of an empty list. */
    none: string;
    textOf: (page: z.infer<Form>) => string;
  },
): Promise<void> {
  const { isAll, output, more, none, textOf } = shown;
  const query = new URLSearchParams(shown.query);
  for (let nth = 0; ; nth++) {
    const page = await api.get(`${path}?${query.toString()}`, form);
    const { items, next } = page;
    if (output.wantsJson) output.object({ schema: 1, ...more, items, is_cut: next !== null, next });
    else if (items.length > 0) output.data(textOf(page));
    else if (nth === 0) output.say(none);
    if (next === null) return;
    if (!isAll) return output.say(`There are older ones: --after ${next} goes on, --all shows all.`);
    query.set('after', next);
  }
}
