import { useQuery } from '@tanstack/react-query';
import { systemQuery } from '../../api/queries.ts';
import { RadioCards } from '../../ui/choices.tsx';
import { destination } from './destination-words.ts';
import { changeDraft, type Draft, useDraft } from './draft.ts';
import { OwnDatabase } from './own-database.tsx';
import { useDestinationCheck } from './requests.ts';
import { Part, StepButtons } from './step-frame.tsx';

export function DestinationStep() {
  const draft = useDraft();
  const check = useDestinationCheck();
  const isOwn = draft.destination === 'own';
  return (
    <div className="space-y-6">
      <Part title={destination.where}>
        <RadioCards
          legend={destination.where}
          isLegendHidden
          value={draft.destination}
          onChange={(kind) => changeDraft({ destination: kind as Draft['destination'] })}
          choices={Object.entries(destination.kinds).map(([value, texts]) => ({ value, ...texts }))}
        />
        {!isOwn && <PrivateDatabase />}
      </Part>
      {isOwn && <OwnDatabase draft={draft} />}
      <StepButtons step="destination" canContinue={!isOwn || check.result?.passed === true} />
    </div>
  );
}

function PrivateDatabase() {
  const { data } = useQuery(systemQuery);
  if (!data) return null;
  const { database_host: host, free_disk_bytes: free } = data;
  return (
    <p className="text-muted">
      {destination.onServer(host)} {free !== null && destination.free(free)}
    </p>
  );
}
