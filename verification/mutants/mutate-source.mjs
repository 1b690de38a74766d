// Loaded before a test: changes one place of one source file on its way into Node. Plain JavaScript, because it is what
// reads TypeScript for everybody else.
import { registerHooks } from 'node:module';

const { file, find, put } = JSON.parse(process.env.MUTANT ?? '{}');

registerHooks({
  load(url, context, next) {
    const loaded = next(url, context);
    if (!file || !url.endsWith(file)) return loaded;
    return { ...loaded, source: String(loaded.source).replace(find, () => put) };
  },
});
