/**
 * What the connect page gives to be pasted, as pure functions of what is known about a connection. Tests run each of
 * them as it stands here.
 */

import { libpqUrl } from './database-urls.ts';
import type { DatabaseFacts, ProxyFacts } from './facts.ts';
import {
  drizzleProgram,
  type FormField,
  grafanaFields,
  jdbcProgram,
  kyselyProgram,
  metabaseFields,
  prismaLines,
  psqlLine,
  sqlAlchemyProgram,
} from './read-programs.ts';
import { curlLine, goProgram, javaProgram, jsforceProgram, pythonProgram } from './write-programs.ts';

export { addressIn } from './database-urls.ts';
export type { DatabaseFacts, ProxyFacts } from './facts.ts';

export interface CodeSnippet {
  kind: 'code';
  id: string;
  label: string;
  /** Where it is pasted, or the name of the file. */
  place: string;
  code: string;
}

/** A form of a program, with what each of its fields takes. */
export interface FormSnippet {
  kind: 'form';
  id: string;
  label: string;
  place: string;
  fields: readonly FormField[];
}

export type Snippet = CodeSnippet | FormSnippet;

const terminal = 'In a terminal';

export const databaseSnippets = (facts: DatabaseFacts): readonly Snippet[] => [
  code('psql', 'psql', terminal, psqlLine(facts)),
  code('url', 'URL', 'For every tool that takes an address', libpqUrl(facts)),
  code('prisma', 'Prisma', `${terminal}, in an empty folder`, prismaLines(facts)),
  code('drizzle', 'Drizzle', 'In a file such as read.mjs', drizzleProgram(facts)),
  code('kysely', 'Kysely', 'In a file such as read.mjs', kyselyProgram(facts)),
  code('sqlalchemy', 'SQLAlchemy', 'In a file such as read.py', sqlAlchemyProgram(facts)),
  code('jdbc', 'JDBC', 'In a file Read.java', jdbcProgram(facts)),
  {
    kind: 'form',
    id: 'metabase',
    label: 'Metabase',
    place: 'Admin settings, Databases, Add a database, PostgreSQL',
    fields: metabaseFields(facts),
  },
  {
    kind: 'form',
    id: 'grafana',
    label: 'Grafana',
    place: 'Connections, Data sources, Add data source, PostgreSQL',
    fields: grafanaFields(facts),
  },
];

export const proxySnippets = (facts: ProxyFacts): readonly CodeSnippet[] => [
  code('curl', 'curl', terminal, curlLine(facts)),
  code('jsforce', 'jsforce', 'In a file such as write.mjs', jsforceProgram(facts)),
  code('simple-salesforce', 'simple-salesforce', 'In a file such as write.py', pythonProgram(facts)),
  code('java', 'Java', 'In a file Write.java', javaProgram(facts)),
  code('go', 'Go', 'In a file main.go', goProgram(facts)),
];

/** A snippet as one text: that of its code, or a line for each field. */
export const textOf = (snippet: Snippet): string =>
  snippet.kind === 'code'
    ? snippet.code
    : snippet.fields.map(({ name, value }) => `${name}: ${value}`).join('\n');

const code = (id: string, label: string, place: string, text: string): CodeSnippet => ({
  kind: 'code',
  id,
  label,
  place,
  code: text,
});
