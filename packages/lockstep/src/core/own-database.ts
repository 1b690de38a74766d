/** A database that a person owns, as the place of a mirror. Lockstep has no more rights there than it was given. */

export const tlsModes = ['verify-full', 'require', 'off'] as const;

export interface OwnDatabase {
  /** A name or an IP address, without brackets. */
  host: string;
  port: number;
  database: string;
  /** `require` and `off` are for a server on this machine only. */
  tls: (typeof tlsModes)[number];
  /** The authority that the server's certificate must come from, as PEM; null: those that Node trusts. */
  ca: string | null;
  /** Null: the database is reached directly. */
  tunnel: Tunnel | null;
}

/** An SSH server that passes connections on to the database. Names of the database are those that it knows. */
export interface TunnelServer {
  host: string;
  port: number;
  user: string;
  /** The fingerprint of its host key, as `ssh-keygen -l` prints it: SHA256:…; null: nobody has confirmed one yet. */
  hostKey: string | null;
}

export interface Tunnel extends TunnelServer {
  /** The user's private key, without a passphrase. */
  key: string;
}

export interface DatabaseLogin {
  user: string;
  password: string;
}

/** What a person gives for a mirror in a database of their own. */
export interface OwnDestination extends OwnDatabase {
  /** Its sessions begin as the role that owns the mirror's tables. */
  writer: DatabaseLogin;
  /** With which Lockstep itself reads the mirror. */
  reader: DatabaseLogin;
  /** Of the tables. */
  schema: string;
  /** The schema may contain other tables, which stay as they are. */
  sharesSchema: boolean;
}

/** As messages and log lines name its server. */
export const hostOf = ({ host, port }: Pick<OwnDatabase, 'host' | 'port'>): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
