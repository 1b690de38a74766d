// Loaded before a test: changes one place in one source file as Node loads it. Plain JavaScript, because it hooks the
// loading of TypeScript.
import { registerHooks } from 'node:module';

const { file, find, put } = JSON.parse(process.env.MUTANT ?? '{}');

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!file || !url.endsWith(file)) return loaded;
    return { ...loaded, source: String(loaded.source).replace(find, () => put) };
  },
});
