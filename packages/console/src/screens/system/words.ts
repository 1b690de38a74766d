/** Words of the page of the server itself. */
export const words = {
  title: 'System',
  server: 'This server',
  version: 'Version',
  database: 'Database server',
  proxy: 'Proxy',
  noProxy: 'None runs now',
  appearance: 'Appearance',
  compact: 'Compact rows',
  compactHint: 'More rows fit on a screen.',
  times: 'Times',
  local: "This machine's zone",
} as const;
