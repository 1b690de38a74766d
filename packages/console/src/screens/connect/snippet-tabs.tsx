import { type KeyboardEvent, useRef } from 'react';
import { CodeBlock } from '../../ui/code-block.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { type FormSnippet, type Snippet, textOf } from './snippets.ts';
import { words } from './words.ts';

const dots = '••••••••••••';

/** Snippets by their tabs, of which the address names the open one. A secret is copied with them, and not shown. */
export function SnippetTabs({
  label,
  name,
  snippets,
  secret,
}: {
  label: string;
  /** In the address. */
  name: string;
  snippets: readonly Snippet[];
  secret: string | null;
}) {
  const [wanted, open] = useSearchText(name, snippets[0]?.id);
  const shown = snippets.some(({ id }) => id === wanted) ? wanted : (snippets[0]?.id ?? '');
  const place = useRef<HTMLDivElement>(null);
  const tabs = snippets.map((snippet) => ({
    id: snippet.id,
    label: snippet.label,
    content:
      snippet.kind === 'code' ? (
        <CodeBlock
          label={snippet.label}
          place={snippet.place}
          code={hidden(snippet.code, secret)}
          copied={snippet.code}
        />
      ) : (
        <FormFields snippet={snippet} />
      ),
  }));
  return (
    <div ref={place} onKeyDown={(event) => isCopyKey(event) && copyShown(place.current)}>
      <Tabs label={label} tabs={tabs} open={shown} onOpen={open} />
      <p className="mt-2 hidden text-sm text-muted sm:block">{words.copyKey}</p>
    </div>
  );
}

const hidden = (text: string, secret: string | null) =>
  secret === null ? text : text.replaceAll(secret, dots);

const isCopyKey = ({ key, ctrlKey, metaKey, altKey, target }: KeyboardEvent) =>
  key === 'c' && !ctrlKey && !metaKey && !altKey && !(target instanceof HTMLSelectElement);

/** By its own button, which says whether it worked. */
function copyShown(place: HTMLElement | null): void {
  const button = place?.querySelector('[role="tabpanel"] figure button');
  if (button instanceof HTMLButtonElement) button.click();
}

function FormFields({ snippet }: { snippet: FormSnippet }) {
  return (
    <figure aria-label={snippet.label} className="rounded-card border border-line bg-sunken">
      <div className="flex items-center justify-between gap-3 border-b border-line py-1.5 pr-1.5 pl-4">
        <span className="text-muted">{snippet.place}</span>
        <CopyButton text={textOf(snippet)} />
      </div>
      <dl className="grid grid-cols-1 gap-x-6 px-4 py-3 sm:grid-cols-[auto_1fr] sm:gap-y-1.5">
        {snippet.fields.map(({ name, value, isSecret = false }) => (
          <div key={name} className="contents">
            <dt className="mt-2 text-muted sm:mt-0">{name}</dt>
            <dd className="min-w-0 font-mono text-sm break-words">{fieldText(value, isSecret)}</dd>
          </div>
        ))}
      </dl>
    </figure>
  );
}

function fieldText(value: string, isSecret: boolean): string {
  if (!isSecret) return value;
  return value === '' ? words.read.emptyPassword : dots;
}
