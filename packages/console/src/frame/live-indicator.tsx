import { CircleDot, CircleOff, RefreshCw } from 'lucide-react';
import { Button } from '../ui/button.tsx';
import { formatClock } from '../words/format.ts';
import { frame } from '../words/frame.ts';
import { useLive } from './live-context.tsx';

/** Whether figures change by themselves; and the button that stops that. */
export function LiveIndicator() {
  const { updates, state } = useLive();
  if (state.kind === 'deleted') return <p>{frame.deleted}</p>;
  const isStopped = state.kind === 'stopped';
  const [Icon, says] = {
    connecting: [RefreshCw, frame.connecting] as const,
    live: [CircleDot, frame.live] as const,
    reconnecting: [
      RefreshCw,
      'since' in state ? frame.reconnecting(formatClock(new Date(state.since))) : '',
    ] as const,
    polling: [RefreshCw, frame.polling] as const,
    stopped: [CircleOff, frame.stopped] as const,
  }[state.kind];
  return (
    <div className="flex flex-wrap items-center gap-x-2">
      <span data-live={state.kind} className="inline-flex items-center gap-1 text-muted">
        <Icon aria-hidden size={14} className={`shrink-0 ${state.kind === 'live' ? 'text-ok' : ''}`} />
        {says}
      </span>
      <Button look="quiet" onClick={() => (isStopped ? updates?.resume() : updates?.stop())}>
        {isStopped ? frame.resumeUpdates : frame.stopUpdates}
      </Button>
    </div>
  );
}
