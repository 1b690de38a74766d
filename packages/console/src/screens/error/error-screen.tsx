import { useQuery } from '@tanstack/react-query';
import { Link, useParams } from '@tanstack/react-router';
import { asProblem } from '../../api/problem.ts';
import { errorQuery } from '../../api/queries.ts';
import { LinkButton } from '../../ui/button.tsx';
import { Panel } from '../../ui/panel.tsx';
import { Screen } from '../../ui/screen.tsx';
import { ErrorKind } from './error-kind.tsx';
import { words } from './words.ts';

export function ErrorScreen() {
  const { code = '' } = useParams({ strict: false });
  const query = useQuery(errorQuery(code));
  if (query.isError && asProblem(query.error).status === 404)
    return (
      <Screen title={words.noCode(code)}>
        <p>{words.noCodeSays}</p>
        <LinkButton to="/errors">{words.list}</LinkButton>
      </Screen>
    );
  const title = query.data ? `${code}: ${query.data.title}` : code;
  return (
    <Screen title={title}>
      <Panel title={words.meaning} query={query} skeletonRem={10}>
        {({ kind, explanation, next }) => (
          <div className="prose-width space-y-5 text-lead">
            <div className="space-y-1">
              <p>{explanation}</p>
              {/\{\w/.test(explanation) && <p className="text-base text-muted">{words.braces}</p>}
            </div>
            <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
              <ErrorKind kind={kind} />
              <span className="text-base text-muted">{words.kindSays[kind]}</span>
            </div>
            <div className="rounded-card border-l-4 border-accent bg-sunken p-4">
              <h3 className="text-base font-semibold">{words.next}</h3>
              <p className="mt-1 break-words">{next === '' ? words.nothing : next}</p>
            </div>
          </div>
        )}
      </Panel>
      <p>
        <Link to="/errors" className="text-accent underline">
          {words.list}
        </Link>
      </p>
    </Screen>
  );
}
