import { Link, useParams } from '@tanstack/react-router';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Screen } from '../../ui/screen.tsx';
import { words } from './words.ts';

export function NewSyncScreen() {
  const { step = 'connect' } = useParams({ strict: false });
  return (
    <Screen title={words.title}>
      <nav aria-label={words.steps}>
        <ol className="flex flex-wrap gap-4">
          {Object.entries(words.names).map(([id, name]) => (
            <li key={id}>
              <Link
                to="/syncs/new/$step"
                params={{ step: id }}
                aria-current={id === step ? 'step' : undefined}
              >
                {name}
              </Link>
            </li>
          ))}
        </ol>
      </nav>
      <p>{words.byCommand}</p>
      <CodeBlock code="lockstep sync create --file acme.json" label={words.commandLabel} />
    </Screen>
  );
}
