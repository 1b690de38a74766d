import { useLoaderData } from '@tanstack/react-router';
import type { FirstStep } from '../../api/queries.ts';
import { CodeBlock } from '../../ui/code-block.tsx';
import { Screen } from '../../ui/screen.tsx';
import { useHashSecret } from '../../ui/use-hash-secret.ts';
import { ByLink, DemoDoor } from './by-link.tsx';
import { SignInForm } from './sign-in-form.tsx';
import { words } from './words.ts';

export function SignInScreen() {
  const firstStep = useLoaderData({ strict: false }) as FirstStep;
  const link = useHashSecret('link');
  if (link !== '') return <ByLink key={link} secret={link} />;
  if (firstStep === 'open the link') return <DemoDoor />;
  return (
    <Screen title={words.title}>
      <SignInForm />
      <details>
        <summary className="min-h-6 text-accent">{words.lost}</summary>
        <p className="my-2">{words.lostSays}</p>
        <CodeBlock code="lockstep admin reset-password" label={words.lostLabel} />
      </details>
    </Screen>
  );
}
