/** The types of the API's requests and answers for the console, from the API's own description. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';

const root = join(import.meta.dirname, '../../..');

/** Where the types are kept, from the root of the checkout. */
export const schemaPath = 'packages/console/src/api/schema.d.ts';

export async function consoleSchema(): Promise<string> {
  const document = JSON.parse(await readFile(join(root, 'docs/openapi.json'), 'utf8')) as object;
  const types = astToString(await openapiTS(document as Parameters<typeof openapiTS>[0]));
  return `// Made from docs/openapi.json: npm run console-schema\n\n${types}`;
}
