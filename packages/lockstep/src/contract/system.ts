import { z } from 'zod';

export const systemSchema = z
  .object({
    version: z.string(),
    is_demo: z.boolean().describe('Its Salesforce org is simulated.'),
    database_host: z.string().describe('Of the control database and the mirrors.'),
    proxy_url: z.string().nullable(),
    free_disk_bytes: z
      .number()
      .nullable()
      .describe(
        'On the disk of the database server that comes with Lockstep; null: another server is used, and its disk is not known.',
      ),
    public_databases: z
      .array(z.string())
      .describe('Databases of that server that readers of the mirrors can connect to, because PUBLIC may.'),
  })
  .meta({ id: 'System' });
