/** What is known about a connection. */

/** How a program reaches the mirror, and what the examples read from it. */
export interface DatabaseFacts {
  host: string;
  port: number;
  database: string;
  user: string;
  /** Null: programs take it from the variable PGPASSWORD. */
  password: string | null;
  /** As in the URL of the mirror; null: it says nothing about it. */
  tls: string | null;
  schema: string;
  table: string;
  /** Some that a person recognises a record by, the key first. */
  columns: readonly string[];
}

/** How a program reaches the proxy, and the record that the examples change. */
export interface ProxyFacts {
  /** With the sync. */
  baseUrl: string;
  apiVersion: string;
  object: string;
  id: string;
  field: string;
}
