import type { Sync } from '../../api/queries.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Section } from '../../ui/section.tsx';
import type { Sample } from './sample.ts';
import { SnippetTabs } from './snippet-tabs.tsx';
import { proxySnippets } from './snippets.ts';
import { words } from './words.ts';

const text = words.write;

/** How programs write: as to Salesforce, at another address. */
export function WritePart({ sync, sample }: { sync: Sync; sample: Sample | null }) {
  if (sync.base_url === null) return <Section title={text.title}>{text.noProxy}</Section>;
  const object = sample?.object.sobject ?? 'Account';
  const field = sample?.field ?? 'Description';
  const snippets = proxySnippets({
    baseUrl: sync.base_url,
    apiVersion: sync.api_version,
    object,
    id: sample?.id ?? 'RECORD_ID',
    field,
  });
  return (
    <Section title={text.title}>
      <div className="space-y-4">
        <div>
          <h3 className="mb-1 font-medium">{text.base}</h3>
          <CodeBlock code={sync.base_url} label={text.baseLabel} />
        </div>
        <p className="prose-width">{text.says(sync.org_id)}</p>
        <p className="prose-width text-muted">
          {text.changes(field, object)} {sample?.object.rows === 0 && text.noRecord(object)}{' '}
          {sample?.id === null && sample.isKnown && text.anyRecord}
        </p>
        {sample?.isKnown === false ? (
          <div className="min-h-48" aria-busy="true" />
        ) : (
          <SnippetTabs label={text.tabs} name="write" snippets={snippets} secret={null} />
        )}
        <div>
          <h3 className="mb-1 font-medium">{text.answers}</h3>
          <dl className="grid grid-cols-1 gap-x-6 gap-y-1 sm:grid-cols-[auto_1fr]">
            {text.headers.map(({ name, means }) => (
              <div key={name} className="contents">
                <dt className="font-mono text-sm">{name}</dt>
                <dd className="mb-2 min-w-0 sm:mb-0">{means}</dd>
              </div>
            ))}
          </dl>
        </div>
      </div>
    </Section>
  );
}
