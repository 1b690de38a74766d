// Writes the table of all routes into docs/api.md from the document of the API. Run after changing a route:
// npm run api-page
import { readFileSync, writeFileSync } from 'node:fs';
import { openApiDocument } from 'lockstep/api';

interface Operation {
  operationId: string;
  summary: string;
  security: Record<string, string[]>[];
}

/** The commands that send each request, by the name that the document has for it; none: no command does. */
export const commandsOf: Readonly<Record<string, readonly string[]>> = {
  listSyncs: ['sync list'],
  createSync: ['sync create'],
  getSync: ['sync show'],
  changeSync: ['sync set', 'sync pause', 'sync resume', 'budget set'],
  deleteSync: ['sync delete'],
  getSnapshot: ['status'],
  listObjects: ['objects list'],
  listColumns: [],
  addObjects: ['objects add'],
  removeObject: ['objects remove'],
  beginOperation: ['flush', 'objects verify', 'objects refetch', 'objects missing'],
  getOperation: [],
  withdrawOperation: ['flush', 'objects verify', 'objects refetch', 'objects missing'],
  watchSync: ['watch'],
  watchOperation: ['flush', 'objects verify', 'objects refetch', 'objects missing'],
  checkSync: ['status'],
  getUsage: ['usage', 'budget show'],
  listUsageHours: ['usage'],
  getFreshness: ['freshness'],
  listSetAside: ['objects set-aside'],
  retrySetAside: ['objects set-aside'],
  listActivity: ['activity'],
  listProxyRequests: ['proxy list'],
  listProxyHours: ['proxy list'],
  tryWrite: ['try'],
  listReaders: ['reader list', 'sync show'],
  createReader: ['reader create', 'sync create'],
  deleteReader: ['reader drop'],
  queryMirror: ['sql'],
  getSystem: ['status', 'login'],
  listWorkers: ['workers'],
  listLeases: ['sync leases'],
  beginSignIn: ['sync create', 'sync reauth', 'sync recopy'],
  getSignIn: ['sync create', 'sync reauth', 'sync recopy'],
  replaceCredential: ['sync reauth'],
  recopySync: ['sync recopy'],
  listApiVersions: [],
  setApiVersion: ['sync set'],
  checkDestination: ['db test'],
  sqlForDestination: ['db sql'],
  replaceDestination: ['db set'],
  dropFormerDatabase: ['db drop-former'],
  getRequest: ['sync create', 'objects add'],
  listOrgObjects: ['objects available'],
  findOrgObjects: [],
  listOrgFields: ['objects fields'],
  findOrgFields: [],
  checkSyncOrg: ['org show'],
  checkOrg: ['sync create'],
  createJwtKey: ['jwt-key create'],
  listJwtKeys: ['jwt-key list'],
  deleteJwtKey: ['jwt-key delete'],
  listApiKeys: ['api-key list'],
  createApiKey: ['api-key create'],
  revokeApiKey: ['api-key revoke'],
  listProxyKeys: ['proxy-key list'],
  createProxyKey: ['proxy-key create'],
  revokeProxyKey: ['proxy-key revoke'],
  setUp: [],
  changePassword: [],
  signIn: [],
  signInByLink: [],
  getSession: [],
  signOut: [],
  listSessions: ['session list'],
  endSession: ['session end'],
  listAuditEntries: ['audit'],
  explainError: [],
  listErrors: [],
};

const heading = '## All routes';

/** The page with its table as it should be. @param page  the page as it is */
export async function withRoutes(page: string): Promise<string> {
  const { paths } = (await openApiDocument()) as { paths: Record<string, Record<string, Operation>> };
  const rows = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const commands = (commandsOf[operation.operationId] ?? []).map((name) => `\`${name}\``).join(', ');
      const shown = path.replace('/api/v1', '');
      return `| \`${method.toUpperCase()} ${shown}\` | ${scopeOf(operation)} | ${commands} | ${operation.summary} |`;
    }),
  );
  const [text = ''] = page.split(`\n${heading}\n`);
  return `${text.trimEnd()}

${heading}

Below \`/api/v1\`, with the scope that a key needs (a session may do all) and the commands that use it. This table is
generated from [openapi.json](openapi.json), where the scope of an operation stands under \`security\`.

| route | scope | commands | |
|---|---|---|---|
${rows.join('\n')}
`;
}

const scopeOf = ({ security }: Operation): string =>
  security.length === 0 ? 'none' : (security.flatMap(({ key = [] }) => key)[0] ?? 'unknown');

if (import.meta.main) {
  const page = new URL('../docs/api.md', import.meta.url);
  writeFileSync(page, await withRoutes(readFileSync(page, 'utf8')));
}
