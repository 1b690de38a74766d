/** All routes of the console. A screen is loaded when somebody first goes there. */
import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRouteWithContext,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router';
import { Problem } from './api/problem.ts';
import { firstStepOf, readFirstStep, readFirstSyncs, sessionQuery, snapshotQuery } from './api/queries.ts';
import { Failed, NotFound, Pending } from './frame/failed.tsx';
import { Frame } from './frame/frame.tsx';
import { PlainFrame } from './frame/plain-frame.tsx';
import { Root } from './frame/root.tsx';
import { SyncGate } from './frame/sync-gate.tsx';

/** Filters, tabs and pages stand in the query string as plain text, so that an address can be passed on. */
type Search = Record<string, string | undefined>;

const root = createRootRouteWithContext<{ queryClient: QueryClient }>()({
  component: Root,
  notFoundComponent: NotFound,
  errorComponent: Failed,
  validateSearch: (search): Search => search as Search,
});

const plain = createRoute({ getParentRoute: () => root, id: 'plain', component: PlainFrame });
const setUp = createRoute({
  getParentRoute: () => plain,
  path: '/setup',
  loader: async () => {
    const step = await readFirstStep();
    if (step === 'none') throw redirect({ to: '/' });
    if (step === 'open the link') throw redirect({ to: '/sign-in' });
    return step;
  },
  component: lazyRouteComponent(() => import('./screens/setup/setup-screen.tsx'), 'SetupScreen'),
});
const signIn = createRoute({
  getParentRoute: () => plain,
  path: '/sign-in',
  loader: async ({ location: { hash } }) => {
    const step = await readFirstStep();
    if (hash.startsWith('link=')) return step;
    if (step === 'none') throw redirect({ to: '/' });
    if (step === 'set up') throw redirect({ to: '/setup' });
    return step;
  },
  component: lazyRouteComponent(() => import('./screens/sign-in/sign-in-screen.tsx'), 'SignInScreen'),
});
const errors = createRoute({
  getParentRoute: () => plain,
  path: '/errors',
  component: lazyRouteComponent(() => import('./screens/error/errors-screen.tsx'), 'ErrorsScreen'),
});
const error = createRoute({
  getParentRoute: () => plain,
  path: '/errors/$code',
  component: lazyRouteComponent(() => import('./screens/error/error-screen.tsx'), 'ErrorScreen'),
});

const signedIn = createRoute({
  getParentRoute: () => root,
  id: 'signed-in',
  component: Frame,
  errorComponent: Failed,
  pendingComponent: Pending,
  pendingMs: 300,
  beforeLoad: async ({ context: { queryClient }, location: { href } }) => {
    try {
      await queryClient.ensureQueryData(sessionQuery);
    } catch (failure) {
      if (!(failure instanceof Problem) || failure.status !== 401) throw failure;
      if (firstStepOf(failure) === 'set up') throw redirect({ to: '/setup' });
      throw redirect({ to: '/sign-in', search: { to: href } });
    }
  },
});
const home = createRoute({
  getParentRoute: () => signedIn,
  path: '/',
  beforeLoad: async () => {
    const [first, ...more] = await readFirstSyncs();
    if (first && more.length === 0) throw redirect({ to: '/syncs/$sync', params: { sync: first.id } });
    throw redirect({ to: '/syncs' });
  },
});
const syncs = createRoute({
  getParentRoute: () => signedIn,
  path: '/syncs',
  component: lazyRouteComponent(() => import('./screens/syncs/syncs-screen.tsx'), 'SyncsScreen'),
});
const newSync = createRoute({
  getParentRoute: () => signedIn,
  path: '/syncs/new/$step',
  component: lazyRouteComponent(() => import('./screens/new-sync/new-sync-screen.tsx'), 'NewSyncScreen'),
});
const system = createRoute({
  getParentRoute: () => signedIn,
  path: '/system',
  component: lazyRouteComponent(() => import('./screens/system/system-screen.tsx'), 'SystemScreen'),
});

const sync = createRoute({
  getParentRoute: () => signedIn,
  path: '/syncs/$sync',
  component: SyncGate,
  // Without waiting for it: the gate shows how that goes.
  loader: ({ context: { queryClient }, params }) =>
    void queryClient.prefetchQuery(snapshotQuery(params.sync)),
});
const overview = createRoute({
  getParentRoute: () => sync,
  path: '/',
  component: lazyRouteComponent(() => import('./screens/overview/overview-screen.tsx'), 'OverviewScreen'),
});
const objects = createRoute({
  getParentRoute: () => sync,
  path: '/objects',
  component: lazyRouteComponent(() => import('./screens/objects/objects-screen.tsx'), 'ObjectsScreen'),
});
const object = createRoute({
  getParentRoute: () => sync,
  path: '/objects/$object',
  component: lazyRouteComponent(() => import('./screens/object/object-screen.tsx'), 'ObjectScreen'),
});
const connect = createRoute({
  getParentRoute: () => sync,
  path: '/connect',
  component: lazyRouteComponent(() => import('./screens/connect/connect-screen.tsx'), 'ConnectScreen'),
});
const activity = createRoute({
  getParentRoute: () => sync,
  path: '/activity',
  component: lazyRouteComponent(() => import('./screens/activity/activity-screen.tsx'), 'ActivityScreen'),
});
const proxy = createRoute({
  getParentRoute: () => sync,
  path: '/proxy',
  component: lazyRouteComponent(() => import('./screens/proxy/proxy-screen.tsx'), 'ProxyScreen'),
});
const settings = createRoute({
  getParentRoute: () => sync,
  path: '/settings',
  component: lazyRouteComponent(() => import('./screens/settings/settings-screen.tsx'), 'SettingsScreen'),
});

const routeTree = root.addChildren([
  plain.addChildren([setUp, signIn, errors, error]),
  signedIn.addChildren([
    home,
    syncs,
    newSync,
    system,
    sync.addChildren([overview, objects, object, connect, activity, proxy, settings]),
  ]),
]);

export const newRouter = (queryClient: QueryClient) =>
  createRouter({
    routeTree,
    context: { queryClient },
    defaultPreload: 'intent',
    scrollRestoration: true,
    parseSearch: (text): Search => Object.fromEntries(new URLSearchParams(text)),
    stringifySearch: (search: Search) => {
      const given = Object.entries(search).filter((one): one is [string, string] => one[1] !== undefined);
      const text = new URLSearchParams(given).toString();
      return text === '' ? '' : `?${text}`;
    },
  });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof newRouter>;
  }
}
