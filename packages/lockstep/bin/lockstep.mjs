#!/usr/bin/env node
// The command line: its source in a checkout, what was built of it in a package.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startOnNode } from './start-on-node.mjs';

const source = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const built = fileURLToPath(new URL('../dist/main.js', import.meta.url));
startOnNode([existsSync(source) ? source : built, ...process.argv.slice(2)]);
