import { useParams } from '@tanstack/react-router';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { LinkButton } from '../../ui/button.tsx';
import { Pill } from '../../ui/pill.tsx';
import { Screen } from '../../ui/screen.tsx';
import { Age, Time } from '../../ui/time.tsx';
import { formatCount } from '../../words/format.ts';
import { VerifyMenu } from './verify-menu.tsx';
import { words } from './words.ts';

export function ObjectScreen() {
  const { object: name = '' } = useParams({ strict: false });
  const { sync, objects } = useSnapshot();
  const object = objects.find(({ sobject }) => sobject === name);
  if (!object)
    return (
      <Screen title={words.missing(name)}>
        <p>{words.missingSays}</p>
        <LinkButton to="/syncs/$sync/objects" params={{ sync: sync.id }}>
          {words.all}
        </LinkButton>
      </Screen>
    );
  const facts = [
    [words.table, <code key="table">{`${sync.mirror.table_schema}.${object.table_name}`}</code>],
    [words.rows, formatCount(object.rows)],
    [words.read, <Age key="read" at={object.read_until} />],
    [words.counts, <Time key="counts" at={object.counts_verified_at} />],
  ] as const;
  return (
    <Screen
      title={`${object.sobject} – ${sync.name}`}
      heading={object.sobject}
      actions={
        <div className="flex items-center gap-3">
          <Pill word={object.state_word} family={object.family} />
          <VerifyMenu sync={sync.id} object={object.sobject} />
        </div>
      }
    >
      <dl className="grid grid-cols-[auto_1fr] gap-x-6 gap-y-2">
        {facts.map(([term, fact]) => (
          <div key={term} className="contents">
            <dt className="text-muted">{term}</dt>
            <dd>{fact}</dd>
          </div>
        ))}
      </dl>
    </Screen>
  );
}
