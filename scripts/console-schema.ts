// Writes the types of the API for the console: npm run console-schema.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { consoleSchema, schemaPath } from '@lockstep/console/schema';

await writeFile(join(import.meta.dirname, '..', schemaPath), await consoleSchema());
