import { Link, useParams } from '@tanstack/react-router';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { SyncObject } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { OperationStatus } from '../../objects/operation-status.tsx';
import { LinkButton } from '../../ui/button.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Screen } from '../../ui/screen.tsx';
import { Tabs } from '../../ui/tabs.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { ColumnsTab } from './columns-tab.tsx';
import { MissingRows } from './missing-rows.tsx';
import { ObjectActions } from './object-actions.tsx';
import { ObjectProblems } from './object-problems.tsx';
import { ObjectTiles } from './object-tiles.tsx';
import { SchemaTab } from './schema-tab.tsx';
import { SetAsideTab } from './set-aside-tab.tsx';
import { SummaryTab } from './summary-tab.tsx';
import { useObjectWork } from './use-object-work.ts';
import { words } from './words.ts';

export function ObjectScreen() {
  const { object: name = '' } = useParams({ strict: false });
  const { sync, objects } = useSnapshot();
  const object = objects.find(({ sobject }) => sobject === name);
  if (object) return <OneObject key={name} object={object} />;
  return (
    <Screen title={words.missing(name)}>
      <p>{words.missingSays}</p>
      <LinkButton to="/syncs/$sync/objects" params={{ sync: sync.id }}>
        {words.all}
      </LinkButton>
    </Screen>
  );
}

function OneObject({ object }: { object: SyncObject }) {
  const { sync, objects } = useSnapshot();
  const { sobject: name, set_aside_rows: aside, hidden_fields: hidden } = object;
  const work = useObjectWork(sync.id, name);
  const [tab, setTab] = useSearchText('tab', 'summary');
  const tabs = [
    { id: 'summary', label: words.summary, content: <SummaryTab sync={sync} object={object} /> },
    {
      id: 'columns',
      label: words.withCount(words.columns, hidden.length),
      content: <ColumnsTab sync={sync.id} object={object} />,
    },
    {
      id: 'set-aside',
      label: words.withCount(words.setAside, aside),
      content: <SetAsideTab sync={sync.id} object={object} work={work} />,
    },
    { id: 'schema', label: words.schema, content: <SchemaTab sync={sync.id} object={name} /> },
  ];
  return (
    <Screen
      title={`${name} – ${sync.name}`}
      heading={
        <span className="flex flex-wrap items-center gap-3">
          {name} <Pill word={object.state_word} family={object.family} />
        </span>
      }
      actions={
        <div className="flex flex-wrap items-center gap-2">
          <ObjectActions sync={sync} object={object} work={work} />
          <Neighbours sync={sync.id} names={objects.map(({ sobject }) => sobject)} name={name} />
        </div>
      }
    >
      <ObjectProblems object={object} />
      <MissingRows object={object} work={work} />
      <OperationStatus what={work.what} run={work.run} />
      <ObjectTiles sync={sync.id} object={object} />
      <Tabs label={words.tabs} tabs={tabs} open={tab} onOpen={setTab} />
    </Screen>
  );
}

const neighbourClass =
  'inline-flex size-8 items-center justify-center rounded-control border border-control bg-surface text-text hover:bg-sunken';

/** The object before and the one after, by name; the tab stays. */
function Neighbours({ sync, names, name }: { sync: string; names: string[]; name: string }) {
  const sorted = names.toSorted((a, b) => a.localeCompare(b));
  const at = sorted.indexOf(name);
  const [before, after] = [sorted[at - 1], sorted[at + 1]];
  const link = (to: string | undefined, side: 'previous' | 'next') => {
    const Icon = side === 'previous' ? ChevronLeft : ChevronRight;
    if (to === undefined)
      return (
        <span aria-hidden className={`${neighbourClass} opacity-40`}>
          <Icon size={16} />
        </span>
      );
    return (
      <Link
        to="/syncs/$sync/objects/$object"
        params={{ sync, object: to }}
        search={({ tab }) => (tab === undefined ? {} : { tab })}
        aria-label={words[side](to)}
        title={words[side](to)}
        data-shortcut={side}
        className={neighbourClass}
      >
        <Icon aria-hidden size={16} />
      </Link>
    );
  };
  return (
    <nav aria-label={words.others} className="flex gap-1">
      {link(before, 'previous')}
      {link(after, 'next')}
    </nav>
  );
}
