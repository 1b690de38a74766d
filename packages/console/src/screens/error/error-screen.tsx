import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { errorQuery } from '../../api/queries.ts';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { words } from './words.ts';

export function ErrorScreen() {
  const { code = '' } = useParams({ strict: false });
  const query = useQuery(errorQuery(code));
  const title = query.data ? `${code}: ${query.data.title}` : code;
  return (
    <Screen title={title}>
      <Panel title={words.meaning} query={query} skeletonRem={4}>
        {({ explanation, next }) => (
          <div className="prose-width space-y-3">
            <p>{explanation}</p>
            <h3 className="font-semibold">{words.next}</h3>
            <p>{next === '' ? words.nothing : next}</p>
          </div>
        )}
      </Panel>
    </Screen>
  );
}
