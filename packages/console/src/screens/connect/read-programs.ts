/** Programs and forms that read the mirror. */
import { jdbcUrl, libpqUrl, nodeUrl } from './database-urls.ts';
import type { DatabaseFacts } from './facts.ts';
import { programText, quoted } from './quoting.ts';

export interface FormField {
  name: string;
  value: string;
  /** It holds the password. */
  isSecret?: boolean;
}

/** What begins with a small letter and has nothing else in it needs no quotes. */
const sqlName = (name: string) =>
  /^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`;

const tableOf = ({ schema, table }: DatabaseFacts) => `${sqlName(schema)}.${sqlName(table)}`;

const queryOf = (facts: DatabaseFacts) =>
  `SELECT ${facts.columns.map(sqlName).join(', ')} FROM ${tableOf(facts)} LIMIT 5`;

/** The arguments of a command are visible to every user of a machine, its environment is not. */
export function psqlLine(facts: DatabaseFacts): string {
  const { password } = facts;
  const variable = password === null ? '' : `PGPASSWORD=${quoted(password)} `;
  const url = libpqUrl({ ...facts, password: null });
  return `${variable}psql ${quoted(url)} \\
  -c ${quoted(queryOf(facts))}`;
}

export const prismaLines = (
  facts: DatabaseFacts,
) => `# npm install prisma@7 @prisma/client@7 @prisma/adapter-pg@7
cat > schema.prisma <<'END'
generator client {
  provider = "prisma-client-js"
}

datasource db {
  provider = "postgresql"
  schemas  = ["${facts.schema}"]
}

model Row {
${facts.columns.map((column, index) => (index === 0 ? `  ${column} String @id` : `  ${column} String?`)).join('\n')}

  @@map("${facts.table}")
  @@schema("${facts.schema}")
}
END
npx prisma generate
cat > read.mjs <<'END'
import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '@prisma/client';

const adapter = new PrismaPg({ connectionString: process.env.DATABASE_URL });
const prisma = new PrismaClient({ adapter });
console.table(await prisma.row.findMany({ take: 5 }));
await prisma.$disconnect();
END
DATABASE_URL=${quoted(nodeUrl(facts))} node read.mjs`;

export const drizzleProgram = (facts: DatabaseFacts) => `// npm install drizzle-orm pg
import { drizzle } from 'drizzle-orm/node-postgres';
import { pgSchema, text } from 'drizzle-orm/pg-core';

const rows = pgSchema('${facts.schema}').table('${facts.table}', {
${facts.columns.map((column) => `  ${column}: text(),`).join('\n')}
});
const db = drizzle('${nodeUrl(facts)}');
console.table(await db.select().from(rows).limit(5));
await db.$client.end();`;

export const kyselyProgram = (facts: DatabaseFacts) => `// npm install kysely pg
import { Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';

const pool = new pg.Pool({ connectionString: '${nodeUrl(facts)}' });
const db = new Kysely({ dialect: new PostgresDialect({ pool }) });
const rows = db.selectFrom('${facts.schema}.${facts.table}').select([${facts.columns.map((column) => `'${column}'`).join(', ')}]);
console.table(await rows.limit(5).execute());
await db.destroy();`;

export const sqlAlchemyProgram = (facts: DatabaseFacts) => `# pip install sqlalchemy "psycopg[binary]"
from sqlalchemy import create_engine, text

engine = create_engine("${libpqUrl(facts).replace('postgresql:', 'postgresql+psycopg:')}")
with engine.connect() as connection:
    for row in connection.execute(text(${programText(queryOf(facts))})):
        print(*row)`;

export const jdbcProgram = (facts: DatabaseFacts) => `// java -cp postgresql.jar Read.java
import java.sql.DriverManager;

class Read {
  public static void main(String[] args) throws Exception {
    var url = "${jdbcUrl(facts)}";
    var password = ${facts.password === null ? 'System.getenv("PGPASSWORD")' : programText(facts.password)};
    try (var connection = DriverManager.getConnection(url, "${facts.user}", password);
        var rows = connection.createStatement().executeQuery(
            ${programText(queryOf(facts))})) {
      while (rows.next()) System.out.println(${facts.columns.map((_, index) => `rows.getString(${index + 1})`).join(' + " " + ')});
    }
  }
}`;

const passwordField = ({ password }: DatabaseFacts): FormField => ({
  name: 'Password',
  value: password ?? '',
  isSecret: true,
});

export function metabaseFields(facts: DatabaseFacts): FormField[] {
  const isEncrypted = hasTls(facts);
  return [
    { name: 'Host', value: facts.host },
    { name: 'Port', value: String(facts.port) },
    { name: 'Database name', value: facts.database },
    { name: 'Username', value: facts.user },
    passwordField(facts),
    { name: 'Schemas', value: `Only these: ${facts.schema}` },
    { name: 'Use a secure connection (SSL)', value: isEncrypted ? 'On' : 'Off' },
    ...(isEncrypted ? [{ name: 'SSL mode', value: facts.tls ?? '' }] : []),
  ];
}

export const grafanaFields = (facts: DatabaseFacts): FormField[] => [
  { name: 'Host URL', value: `${facts.host.includes(':') ? `[${facts.host}]` : facts.host}:${facts.port}` },
  { name: 'Database name', value: facts.database },
  { name: 'Username', value: facts.user },
  passwordField(facts),
  { name: 'TLS/SSL Mode', value: hasTls(facts) ? (facts.tls ?? '') : 'disable' },
];

const hasTls = ({ tls }: DatabaseFacts) => tls !== null && tls !== 'disable';
