import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, type LinkProps, useNavigate } from '@tanstack/react-router';
import {
  Activity,
  ArrowRightLeft,
  Cable,
  Gauge,
  Keyboard,
  Layers,
  LogOut,
  type LucideIcon,
  Server,
  Settings,
  Table2,
} from 'lucide-react';
import { signOut } from '../api/changes.ts';
import { asProblem } from '../api/problem.ts';
import { snapshotQuery, syncsQuery } from '../api/queries.ts';
import { toast } from '../ui/toast.tsx';
import { frame } from '../words/frame.ts';
import { showShortcuts } from './shortcuts.tsx';
import { SyncSwitcher } from './sync-switcher.tsx';

const itemClass =
  'group relative flex min-h-10 w-full items-center gap-3 rounded-control px-3 text-left text-text hover:bg-sunken aria-[current=page]:bg-info-bg aria-[current=page]:font-semibold aria-[current=page]:text-info';
/** On a rail of icons the label is a tooltip, which the focus opens as well. */
const labelClass =
  'md:max-lg:pointer-events-none md:max-lg:absolute md:max-lg:left-full md:max-lg:z-30 md:max-lg:ml-2 md:max-lg:rounded-control md:max-lg:border md:max-lg:border-control md:max-lg:bg-surface md:max-lg:px-2 md:max-lg:py-1 md:max-lg:font-normal md:max-lg:whitespace-nowrap md:max-lg:text-text md:max-lg:opacity-0 md:max-lg:group-hover:opacity-100 md:max-lg:group-focus-visible:opacity-100';

function Item({
  icon: Icon,
  label,
  isExact = false,
  tour,
  onGo,
  ...link
}: LinkProps & { icon: LucideIcon; label: string; isExact?: boolean; tour?: string; onGo: () => void }) {
  return (
    <li data-tour={tour}>
      <Link
        {...link}
        activeOptions={{ exact: isExact, includeSearch: false }}
        onClick={onGo}
        className={itemClass}
      >
        <Icon aria-hidden size={18} className="shrink-0" />
        <span className={labelClass}>{label}</span>
      </Link>
    </li>
  );
}

/** All screens: those of the sync in the address, and those of Lockstep. */
export function Navigation({ sync, onGo }: { sync: string | undefined; onGo: () => void }) {
  return (
    <>
      {sync !== undefined && <ChosenSync sync={sync} />}
      {sync !== undefined && (
        <ul aria-label={frame.ofSync} className="space-y-1">
          <Item to="/syncs/$sync" params={{ sync }} icon={Gauge} label={frame.overview} isExact onGo={onGo} />
          <Item to="/syncs/$sync/objects" params={{ sync }} icon={Table2} label={frame.objects} onGo={onGo} />
          <Item
            to="/syncs/$sync/connect"
            params={{ sync }}
            icon={Cable}
            label={frame.connect}
            tour="connect"
            onGo={onGo}
          />
          <Item
            to="/syncs/$sync/activity"
            params={{ sync }}
            icon={Activity}
            label={frame.activity}
            onGo={onGo}
          />
          <Item
            to="/syncs/$sync/proxy"
            params={{ sync }}
            icon={ArrowRightLeft}
            label={frame.proxy}
            onGo={onGo}
          />
          <Item
            to="/syncs/$sync/settings"
            params={{ sync }}
            icon={Settings}
            label={frame.settings}
            onGo={onGo}
          />
        </ul>
      )}
      <ul
        aria-label={frame.ofLockstep}
        className="mt-3 space-y-1 border-t border-line pt-3 first:mt-0 first:border-0 first:pt-0"
      >
        <Item to="/syncs" icon={Layers} label={frame.allSyncs} isExact onGo={onGo} />
        <Item to="/system" icon={Server} label={frame.system} onGo={onGo} />
        <li>
          <button type="button" onClick={showShortcuts} className={`${itemClass} max-md:hidden`}>
            <Keyboard aria-hidden size={18} className="shrink-0" />
            <span className={labelClass}>{frame.shortcuts}</span>
          </button>
        </li>
        <SignOut />
      </ul>
    </>
  );
}

/** On a rail of icons and in the menu of narrow screens there is no room for it: there it is in the header. */
function ChosenSync({ sync }: { sync: string }) {
  const { data } = useQuery(snapshotQuery(sync));
  const { data: syncs = [] } = useQuery(syncsQuery);
  if (syncs.length < 2) return null;
  return (
    <div className="mb-3 px-1 max-lg:hidden">
      <SyncSwitcher sync={sync} name={data?.sync.name ?? ''} />
    </div>
  );
}

function SignOut() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const leave = async () => {
    try {
      await signOut();
    } catch (error) {
      // A session that has ended already is what was wanted.
      const problem = asProblem(error);
      if (problem.status !== 401) return toast(`${problem.title}. ${problem.next}`);
    }
    await navigate({ to: '/sign-in' });
    client.clear();
  };
  return (
    <li>
      <button type="button" onClick={() => void leave()} className={itemClass}>
        <LogOut aria-hidden size={18} className="shrink-0" />
        <span className={labelClass}>{frame.signOut}</span>
      </button>
    </li>
  );
}
