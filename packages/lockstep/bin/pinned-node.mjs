// The Node that this project runs on. Plain JavaScript without packages: it runs on any Node from 20 on.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const require = createRequire(import.meta.url);

/** Each platform's Node comes as an npm package; a Node of the pinned major or newer is used as it is. */
export function pinnedNode() {
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  const { platform, arch } = process;
  const path = [`node-${platform}-${arch}`, `node-bin-${platform}-${arch}`]
    .map(packagedNode)
    .find(existsSync);
  if (path) return path;
  process.stderr.write(
    `No packaged Node for ${platform}-${arch}. Install Node 24 or newer, then run this again.\n`,
  );
  return process.exit(1);
}

function packagedNode(name) {
  try {
    return join(dirname(require.resolve(`${name}/package.json`)), 'bin', 'node');
  } catch {
    return '';
  }
}
