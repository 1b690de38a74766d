/** What one compilation knows and counts across all parts of its query. */
import type { SObjectDef } from '../schema/schema.ts';
import { errorAt } from './errors.ts';

export interface CompileContext {
  /** By lower-case API name. */
  sobjects: ReadonlyMap<string, SObjectDef>;
  /** True for queryAll. */
  includeDeleted: boolean;
  /** As in the URL, for example '62.0'. */
  version: string;
  /** The org's time, epoch ms. */
  now: number;
  /** The user who asks. Without it nobody owns a record, and times are in UTC. */
  userId?: string;
  /** The maximum of rows in a batch of the answer; a result of children inside a record has at most one less. */
  batchRows?: number;
}

/** What Salesforce uses if a request does not say. */
export const batchRowsMax = 2000;
export const batchRowsMin = 200;

const parentsMax = 55;
const childrenMax = 20;

export class Session {
  readonly context: CompileContext;
  /** The selected fields may reduce it. */
  batchRows: number;
  private rows = 0;
  private readonly parents = new Set<string>();
  private children = 0;

  constructor(context: CompileContext) {
    this.context = context;
    this.batchRows = context.batchRows ?? batchRowsMax;
  }

  /** A row name that no other part of the statement uses. The first is `r`. */
  nextRow(): string {
    this.rows += 1;
    return this.rows === 1 ? 'r' : `r${this.rows}`;
  }

  /**
   * Counts a relationship once, however many clauses use it.
   *
   * @param row   the record that the path starts from
   * @param path  of relationship names
   * @throws {@link SoqlError} for more relationships to parents than a query may follow
   */
  countParent(row: string, path: string, query: string, at: number): void {
    this.parents.add(`${row}.${path}`.toLowerCase());
    if (this.parents.size <= parentsMax) return;
    const reason = `Maximum number of relationships to parents in a query is ${parentsMax}`;
    throw errorAt(query, at, 'MALFORMED_QUERY', reason);
  }

  /** @throws {@link SoqlError} for more subqueries in SELECT than a query may have */
  countChildren(query: string, at: number): void {
    this.children += 1;
    if (this.children <= childrenMax) return;
    const reason = `Maximum number of subqueries in a query is ${childrenMax}`;
    throw errorAt(query, at, 'MALFORMED_QUERY', reason);
  }
}
