import { Link } from '@tanstack/react-router';
import { LinkButton } from '../../ui/button.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { formatDuration } from '../../words/format.ts';
import type { ProxyRequest } from './proxy-query.ts';
import { words } from './words.ts';

/** What became of a request, and where its time went. */
export function ProxyDetails({ request, sync }: { request: ProxyRequest; sync: string }) {
  const { outcome, code, object, record_id: record, request_id: id } = request;
  return (
    <div className="space-y-4">
      <p className="prose-width">{words.outcomes[outcome].says}</p>
      <Facts
        facts={[
          code === null
            ? null
            : [
                words.code,
                <Link key="code" to="/errors/$code" params={{ code }} className="text-accent underline">
                  {code}
                </Link>,
              ],
          record === null ? null : [words.record, <Copied key="record" text={record} />],
          ...partsOf(request).map(([label, ms]) => [label, formatDuration(ms)] as const),
          [words.requestId, <Copied key="id" text={id} />],
        ]}
      />
      {object !== null && (
        <LinkButton to="/syncs/$sync/objects/$object" params={{ sync, object }}>
          {words.openObject(object)}
        </LinkButton>
      )}
    </div>
  );
}

const Copied = ({ text }: { text: string }) => (
  <span className="inline-flex flex-wrap items-center gap-2">
    <code className="break-all">{text}</code>
    <CopyButton text={text} />
  </span>
);

/** Of the time until its answer, in order. */
function partsOf({
  took_ms: took,
  salesforce_ms: salesforce,
  read_back_ms: readBack,
  apply_ms: store,
}: ProxyRequest) {
  const { parts } = words;
  const known: [string, number][] = [
    [parts.salesforce, salesforce],
    [parts.readBack, readBack],
    [parts.store, store],
  ];
  return [...known.filter(([, ms]) => ms > 0), [parts.rest, took - salesforce - readBack - store] as const];
}
