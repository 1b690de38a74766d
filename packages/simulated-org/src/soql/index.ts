/**
 * SOQL for the simulated org: text to tree, tree to SQL, and a record's JSON as Salesforce prints it.
 *
 *   const query = parseSoql("SELECT Id, Name FROM Account WHERE Name LIKE 'A%'");
 *   const { page } = compileSoql(query, { sobjects, includeDeleted: false, version: '62.0', now });
 *   const rows = await db.query<{ json: string }>(page(0, 2000));
 */
export type { Soql } from './ast.ts';
export { type CutResult, type Place, rowsIn, withUrls } from './children.ts';
export { columnOf } from './columns.ts';
export { type CompiledQuery, compileChildren, compileSoql, type TablePart } from './compile.ts';
export { SoqlError, type SoqlErrorCode } from './errors.ts';
export { type Explained, explainSoql } from './index-filters.ts';
export { parseSoql } from './parse.ts';
export { recordJson } from './record-json.ts';
export type { SelectedColumn } from './selected-columns.ts';
export { batchRowsMax, batchRowsMin, type CompileContext } from './session.ts';
export { tokenise } from './tokens.ts';
