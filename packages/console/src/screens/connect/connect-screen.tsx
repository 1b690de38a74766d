import { useSnapshot } from '../../frame/use-snapshot.ts';
import { controlClass } from '../../ui/field.tsx';
import { Screen } from '../../ui/screen.tsx';
import { LoginsPanel } from './logins-panel.tsx';
import { MirrorFault } from './mirror-fault.tsx';
import { ProxyKeys } from './proxy-keys.tsx';
import { ReadPart } from './read-part.tsx';
import { type Sample, useSample } from './sample.ts';
import { TrialPart } from './trial-part.tsx';
import { words } from './words.ts';
import { WritePart } from './write-part.tsx';

export function ConnectScreen() {
  const { sync, objects } = useSnapshot();
  const [sample, choose] = useSample();
  return (
    <Screen
      title={`${words.title} – ${sync.name}`}
      heading={words.title}
      actions={
        sample && (
          <ObjectChoice objects={objects.map(({ sobject }) => sobject)} sample={sample} onChoose={choose} />
        )
      }
    >
      {sync.mirror_fault && <MirrorFault fault={sync.mirror_fault} />}
      <ReadPart sync={sync} sample={sample} />
      <WritePart sync={sync} sample={sample} />
      <TrialPart sync={sync} sample={sample} />
      <LoginsPanel sync={sync.id} />
      {sync.base_url !== null && <ProxyKeys sync={sync.id} />}
    </Screen>
  );
}

function ObjectChoice({
  objects,
  sample,
  onChoose,
}: {
  objects: readonly string[];
  sample: Sample;
  onChoose: (object: string) => void;
}) {
  return (
    <label className="flex items-center gap-2">
      <span className="whitespace-nowrap text-muted">{words.examplesWith}</span>
      <select
        value={sample.object.sobject}
        onChange={(event) => onChoose(event.target.value)}
        className={controlClass}
      >
        {objects.map((object) => (
          <option key={object}>{object}</option>
        ))}
      </select>
    </label>
  );
}
