#!/usr/bin/env node
// The program: its source in a checkout, what was built of it in a package. It needs Node 24.
import { existsSync } from 'node:fs';

const source = new URL('../src/main.ts', import.meta.url);
await import(existsSync(source) ? source.href : new URL('../dist/main.js', import.meta.url).href);
