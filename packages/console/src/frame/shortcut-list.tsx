import { Switch } from '../ui/choices.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { frame } from '../words/frame.ts';
import { useShortcutsSwitch } from './shortcuts-switch.ts';

/** What each key does, with a switch that turns them off. */
export default function ShortcutList({ onClose }: { onClose: () => void }) {
  const [isOn, setOn] = useShortcutsSwitch();
  return (
    <Dialog title={frame.shortcuts} isOpen onClose={onClose}>
      <table className="mb-4 w-full text-left">
        <caption className="sr-only">{frame.shortcuts}</caption>
        <thead className="sr-only">
          <tr>
            <th scope="col">{frame.key}</th>
            <th scope="col">{frame.keyDoes}</th>
          </tr>
        </thead>
        <tbody>
          {Object.entries(frame.keys).map(([key, does]) => (
            <tr key={key} className="border-t border-line">
              <td className="w-16 py-2">
                <kbd className="inline-block min-w-8 rounded-control border border-control bg-sunken px-2 py-0.5 text-center font-mono">
                  {key}
                </kbd>
              </td>
              <td>{does}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <Switch
        label={frame.shortcutsOn}
        hint={frame.shortcutsHint}
        isOn={isOn === 'on'}
        onChange={(on) => setOn(on ? 'on' : 'off')}
      />
    </Dialog>
  );
}
