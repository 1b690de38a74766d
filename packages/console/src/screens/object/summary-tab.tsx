import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { freshnessQuery, type Usage, usageQuery } from '../../api/figures.ts';
import type { Sync, SyncObject } from '../../api/queries.ts';
import { formatBehind } from '../../objects/behind.tsx';
import { LinkButton } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Section } from '../../ui/section.tsx';
import { DataTable } from '../../ui/table.tsx';
import { Time } from '../../ui/time.tsx';
import { formatCount } from '../../words/format.ts';
import { words } from './words.ts';

/** Where its table is, until when it was read and compared, how fresh it was, what its requests were for. */
export function SummaryTab({ sync, object }: { sync: Sync; object: SyncObject }) {
  const usage = useQuery(usageQuery(sync.id));
  const shares = usage.data?.shares;
  const own = shares?.objects.find(({ sobject }) => sobject === object.sobject);
  return (
    <div className="space-y-6">
      <div className="grid items-start gap-6 md:grid-cols-2">
        <Section title={words.facts}>
          <Facts>
            <Fact term={words.table}>
              <code className="font-mono text-sm break-all">{`${sync.mirror.table_schema}.${object.table_name}`}</code>
            </Fact>
            <Fact term={words.read}>
              <Time at={object.read_until} />
            </Fact>
            <Fact term={words.settled}>
              <span title={words.settledHint}>
                <Time at={object.settled_until} />
              </span>
            </Fact>
            <Fact term={words.countsEqual}>
              <Verified at={object.counts_verified_at} />
            </Fact>
            <Fact term={words.stampsEqual}>
              <Verified at={object.stamps_verified_at} />
            </Fact>
            <Fact term={words.contentEqual}>
              <Verified at={object.content_verified_at} />
            </Fact>
            <Fact term={words.requests}>
              {own && shares
                ? words.share(own.requests, (100 * own.requests) / Math.max(1, shares.total))
                : words.none}
            </Fact>
          </Facts>
        </Section>
        <Freshness sync={sync.id} object={object.sobject} />
      </div>
      <Panel
        title={words.queries}
        query={usage}
        isEmpty={(data) => queriesOf(data, object).length === 0}
        empty={<p className="text-muted">{words.queriesEmpty}</p>}
      >
        {(data) => <Queries queries={queriesOf(data, object)} />}
      </Panel>
      <LinkButton to="/syncs/$sync/activity" params={{ sync: sync.id }} search={{ object: object.sobject }}>
        {words.activityOf(object.sobject)}
      </LinkButton>
    </div>
  );
}

const Verified = ({ at }: { at: string | null }) => (at === null ? words.notYet : <Time at={at} />);

const Facts = ({ children }: { children: ReactNode }) => (
  <dl className="grid grid-cols-[fit-content(50%)_minmax(0,1fr)] gap-x-6 gap-y-2">{children}</dl>
);

const Fact = ({ term, children }: { term: string; children: ReactNode }) => (
  <>
    <dt className="text-muted">{term}</dt>
    <dd className="min-w-0 break-words tabular-nums">{children}</dd>
  </>
);

function Freshness({ sync, object }: { sync: string; object: string }) {
  const query = useQuery(freshnessQuery(sync, object));
  return (
    <Panel
      title={words.freshness}
      query={query}
      isEmpty={({ items }) => items.length === 0}
      empty={<p className="text-muted">{words.freshnessEmpty}</p>}
    >
      {({ items: [all] }) =>
        all && (
          <Facts>
            <Fact term={words.half}>{behind(all.p50_ms)}</Fact>
            <Fact term={words.most}>{behind(all.p95_ms)}</Fact>
            <Fact term={words.worst}>{behind(all.max_ms)}</Fact>
          </Facts>
        )
      }
    </Panel>
  );
}

const behind = (ms: number) => words.behindBy(formatBehind(Math.round(ms / 1_000)));

type Queries = Usage['queries'];
const queriesOf = ({ queries }: Usage, { sobject }: SyncObject): Queries =>
  queries.filter((one) => one.sobject === sobject);

function Queries({ queries }: { queries: Queries }) {
  return (
    <DataTable
      caption={words.queries}
      rows={queries}
      keyOf={({ kind }) => kind}
      initialSort={{ id: 'queries', desc: true }}
      columns={[
        { id: 'kind', label: words.kind, width: '50%', value: ({ kind }) => kind },
        {
          id: 'queries',
          label: words.queryCount,
          isNumber: true,
          width: '25%',
          value: (one) => one.queries,
          cell: (one) => formatCount(one.queries),
        },
        {
          id: 'rows',
          label: words.rowCount,
          isNumber: true,
          width: '25%',
          value: ({ rows }) => rows,
          cell: ({ rows }) => formatCount(rows),
        },
      ]}
    />
  );
}
