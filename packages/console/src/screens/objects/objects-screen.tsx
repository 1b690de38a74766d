import type { SyncObject } from '../../api/queries.ts';
import { useSnapshot } from '../../frame/use-snapshot.ts';
import { ObjectsTable } from '../../objects/objects-table.tsx';
import { Button } from '../../ui/button.tsx';
import { controlClass } from '../../ui/field.tsx';
import { Screen } from '../../ui/screen.tsx';
import { Section } from '../../ui/section.tsx';
import { useSearchText } from '../../ui/use-search-text.ts';
import { AddObjects } from './add-objects.tsx';
import { words } from './words.ts';

/** All objects of a sync, or with `?add=yes` what the org has besides. */
export function ObjectsScreen() {
  const [adding, setAdding] = useSearchText('add');
  return adding === 'yes' ? (
    <AddObjects onDone={() => setAdding('')} />
  ) : (
    <AllObjects onAdd={() => setAdding('yes')} />
  );
}

function AllObjects({ onAdd }: { onAdd: () => void }) {
  const { sync, objects } = useSnapshot();
  const [filter, setFilter] = useSearchText('filter');
  const [only, setOnly] = useSearchText('only');
  const shown = objects.filter(isShown(only));
  return (
    <Screen
      title={`${words.title} – ${sync.name}`}
      heading={words.title}
      actions={
        <Button look="primary" onClick={onAdd}>
          {words.add}
        </Button>
      }
    >
      <Section
        title={only === '' ? words.all(objects.length) : words.filtered(shown.length, objects.length)}
        actions={<StateFilter objects={objects} only={only} onOnly={setOnly} />}
      >
        {shown.length === 0 && only !== '' ? (
          <p className="flex flex-wrap items-center gap-3">
            {words.noneOf} <Button onClick={() => setOnly('')}>{words.showAll}</Button>
          </p>
        ) : (
          <ObjectsTable
            sync={sync.id}
            objects={shown}
            caption={words.title}
            hasFilter
            filter={filter}
            onFilter={setFilter}
          />
        )}
      </Section>
    </Screen>
  );
}

/** @param only  a state, or `unwell` for every object that is not current */
const isShown =
  (only: string) =>
  ({ state, family }: SyncObject): boolean =>
    only === '' || (only === 'unwell' ? family !== 'good' : state === only);

function StateFilter({
  objects,
  only,
  onOnly,
}: {
  objects: readonly SyncObject[];
  only: string;
  onOnly: (only: string) => void;
}) {
  const states = new Map(objects.map(({ state, state_word: word }) => [state, word]));
  const countOf = (one: string) => objects.filter(isShown(one)).length;
  return (
    <div className="w-56">
      <select
        aria-label={words.show}
        value={only}
        onChange={({ target }) => onOnly(target.value)}
        className={controlClass}
      >
        <option value="">{words.all(objects.length)}</option>
        <option value="unwell">{words.unwell(countOf('unwell'))}</option>
        {[...states].map(([state, word]) => (
          <option key={state} value={state}>
            {words.ofState(word, countOf(state))}
          </option>
        ))}
        {only !== '' && only !== 'unwell' && ![...states.keys()].some((one) => one === only) && (
          <option value={only}>{words.ofState(only, 0)}</option>
        )}
      </select>
    </div>
  );
}
