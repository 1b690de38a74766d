import { CodeBlock } from '../../ui/code-block.tsx';
import { appSteps, connect } from './connect-words.ts';
import type { Flow } from './draft.ts';

/** As the server gives it to Salesforce, which returns to plain http only at the name localhost. */
const callback = () => `${location.origin.replace('//127.0.0.1', '//localhost')}/oauth/callback`;

/** How the app is made in Salesforce, click by click. */
export function AppGuide({ flow }: { flow: Flow }) {
  return (
    <details className="rounded-card border border-line p-3">
      <summary className="min-h-6 font-medium text-accent">
        {flow === 'refresh token' ? connect.guideToken : connect.guide}
      </summary>
      <ol className="prose-width mt-3 list-decimal space-y-2 pl-6">
        {appSteps[flow].map((step) => (
          <li key={step} className="break-words">
            {step}
          </li>
        ))}
      </ol>
      {flow !== 'refresh token' && (
        <div className="mt-3 max-w-xl">
          <p className="mb-1 font-medium">{connect.callback}</p>
          <CodeBlock code={callback()} label={connect.callbackLabel} />
        </div>
      )}
    </details>
  );
}
