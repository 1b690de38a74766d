/** Every screen of the console, for tests that look at all of them. */

export interface ConsoleScreen {
  /** Of its pictures. */
  name: string;
  path: string;
  /** How its h1 begins, or what it is. */
  heading: string | RegExp;
}

export const screensOf = (sync: string): readonly ConsoleScreen[] => [
  { name: 'syncs', path: '/syncs', heading: 'All syncs' },
  { name: 'new-sync', path: '/syncs/new/connect', heading: 'New sync' },
  { name: 'overview', path: `/syncs/${sync}`, heading: /^Live/ },
  { name: 'objects', path: `/syncs/${sync}/objects`, heading: 'Objects' },
  { name: 'object', path: `/syncs/${sync}/objects/Account`, heading: 'Account' },
  { name: 'connect', path: `/syncs/${sync}/connect`, heading: 'Connect' },
  { name: 'activity', path: `/syncs/${sync}/activity`, heading: 'Activity' },
  { name: 'proxy', path: `/syncs/${sync}/proxy`, heading: 'Proxy' },
  { name: 'proxy-by-hour', path: `/syncs/${sync}/proxy?tab=hours`, heading: 'Proxy' },
  { name: 'settings', path: `/syncs/${sync}/settings`, heading: 'Settings' },
  { name: 'system', path: '/system', heading: 'System' },
  { name: 'system-access', path: '/system?tab=access', heading: 'System' },
  { name: 'audit-log', path: '/system?tab=audit', heading: 'System' },
  { name: 'error', path: '/errors/SF-01', heading: 'SF-01:' },
  { name: 'errors', path: '/errors', heading: 'Errors' },
];

/** Of a server that nobody has set up yet. */
export const setupScreen: ConsoleScreen = { name: 'set-up', path: '/setup', heading: 'Set up Lockstep' };

/** Whoever is not signed in sees them. */
export const signInScreen: ConsoleScreen = { name: 'sign-in', path: '/sign-in', heading: 'Sign in' };
export const demoDoorScreen: ConsoleScreen = {
  name: 'demo-door',
  path: '/sign-in',
  heading: 'Open the demo by its link',
};

/** The demo's own: its tour, and a page that says that it has no password; both below its band. */
export const demoTourScreen = (sync: string): ConsoleScreen => ({
  name: 'demo-tour',
  path: `/syncs/${sync}`,
  heading: /^Live/,
});
export const demoAccessScreen: ConsoleScreen = {
  name: 'demo-access',
  path: '/system?tab=access',
  heading: 'System',
};
