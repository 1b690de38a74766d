import { join } from 'node:path';
import { root } from './source-files.ts';

/** Where `npm run clients` puts the packages that the examples of docs/clients.md in other languages need. */
const folder = join(root, '.clients');

export const clientFolders = {
  python: join(folder, 'python'),
  java: join(folder, 'java'),
  go: join(folder, 'go'),
} as const;

/** Keeps Go's modules and build cache there too. */
export const goEnvironment = {
  GOMODCACHE: join(clientFolders.go, 'modules'),
  GOCACHE: join(clientFolders.go, 'compiled'),
  GOFLAGS: '-mod=mod -modcacherw',
  GOTOOLCHAIN: 'local',
};
