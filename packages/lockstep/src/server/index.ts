/** Starts all rooms in order and stops them in reverse, on a data directory that one server at a time uses. */

export { eraseDirectory, prepareDirectory, writeSecretFile } from './directory.ts';
export { startServer } from './server.ts';
export {
  type DatabaseServer,
  findKeyFor,
  openControlFor,
  openServerBase,
  restartedText,
  type ServerBase,
  startOwnServer,
} from './server-base.ts';
