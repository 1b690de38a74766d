/**
 * Every option of Lockstep: one schema, read from the environment and from a `.env` file in the working directory.
 * Nothing else in the product reads the environment.
 */
import { readFileSync } from 'node:fs';
import { type BlockList, isIP } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parseAddressList } from '@lockstep/foundation/address-list';
import { nearNames } from '@lockstep/foundation/near-names';
import { isThisMachine } from '@lockstep/foundation/this-machine';
import { z } from 'zod';
import type { KeySource, MailOptions } from './control/index.ts';
import type { CertificateFiles } from './core/certificate.ts';
import { Fault } from './core/faults.ts';

/** What a user needs to know about an option: the form of its value, its default, and what it is for. */
const explained = z.registry<{ form: string; unset?: string; why: string }>();

const text = z.string().min(1);
const port = z
  .string()
  .regex(/^\d{1,5}$/)
  .transform(Number)
  .refine((number) => number <= 65_535);
const commaList = z
  .string()
  .default('')
  .transform((list) => list.split(',').map((entry) => entry.trim()))
  .transform((entries) => entries.filter((entry) => entry !== ''));
/** What a Host header may be, in lower case. A new schema each time: an explanation belongs to one. */
const hostList = () =>
  commaList
    .refine((hosts) => hosts.every((host) => /^[a-z0-9.-]+(:\d{1,5})?$/i.test(host)))
    .transform((hosts) => hosts.map((host) => host.toLowerCase()));
/** Relative to the working directory. */
export const defaultDataDir = '.lockstep';
const portForm = 'a port, 0 to 65535; 0: any free one';

const options = z.object({
  LOCKSTEP_DATA: text.default(defaultDataDir).register(explained, {
    form: 'a folder',
    why: 'Holds the embedded PostgreSQL, the logs, and how to reach the running server.',
  }),
  DATABASE_URL: z
    .string()
    .refine((url) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url))
    .optional()
    .register(explained, {
      form: 'postgres://user:password@host:port/database',
      unset: 'the embedded PostgreSQL',
      why: 'Use your own server: this database becomes the control database, and each mirror gets its own database on the same server. The login needs CREATEDB and CREATEROLE. On another machine it needs TLS with a certificate that can be verified, unless sslmode says otherwise.',
    }),
  LOCKSTEP_CLOSE_DATABASE: z.enum(['yes', 'no']).default('no').register(explained, {
    form: 'yes or no',
    why: 'Whether PUBLIC loses the right to connect to the database of DATABASE_URL even if others use it: whoever has no right of their own is then locked out. If nobody else uses it, PUBLIC loses that right in any case.',
  }),
  LOCKSTEP_KEY_FILE: text.optional().register(explained, {
    form: 'a file with 32 bytes as base64',
    unset: 'lockstep/key in your configuration folder, created if no sync exists yet',
    why: 'The key that seals credentials. Never in the data directory, so that a copy of the data is useless without it.',
  }),
  LOCKSTEP_KEY: text.optional().register(explained, {
    form: '32 bytes as base64',
    unset: 'LOCKSTEP_KEY_FILE',
    why: 'The same key as a value, for platforms that pass secrets in the environment.',
  }),
  LOCKSTEP_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//)
    .optional()
    .register(explained, {
      form: 'smtp://user:password@host:port or smtps://…',
      unset: 'no e-mail',
      why: 'The mail server that sends an e-mail when a backfill is complete.',
    }),
  LOCKSTEP_MAIL_FROM: text.optional().register(explained, {
    form: 'an address',
    unset: 'no e-mail',
    why: 'The sender of that e-mail.',
  }),
  LOCKSTEP_MAIL_TO: text.optional().register(explained, {
    form: 'an address',
    unset: 'no e-mail',
    why: 'The recipient of that e-mail.',
  }),
  LOCKSTEP_ALLOW_HOST: commaList
    .refine((hosts) => hosts.every((host) => /^[^\s/@]+$/.test(host)))
    .register(explained, {
      form: 'host or host:port, separated by commas',
      unset: "Salesforce's own hosts only",
      why: 'Other hosts that credentials may be sent to, such as a test org.',
    }),
  LOCKSTEP_PROXY_HOST: text.default('127.0.0.1').register(explained, {
    form: 'an address of this machine',
    why: 'Where the proxy listens.',
  }),
  LOCKSTEP_PROXY_PORT: port.default(8401).register(explained, {
    form: portForm,
    why: 'Its port. If taken, the next free one.',
  }),
  LOCKSTEP_PROXY_TLS_CERT: text.optional().register(explained, {
    form: 'a PEM file: the certificate, then its intermediate certificates',
    unset: 'no TLS',
    why: 'The proxy then speaks only https. A renewed file is loaded within a minute, without a restart.',
  }),
  LOCKSTEP_PROXY_TLS_KEY: text.optional().register(explained, {
    form: 'a PEM file without a passphrase',
    unset: 'no TLS',
    why: 'The private key of that certificate.',
  }),
  LOCKSTEP_PROXY_PUBLIC_HOST: hostList().register(explained, {
    form: 'names separated by commas, with the port if clients send one',
    unset: 'localhost and LOCKSTEP_PROXY_HOST',
    why: 'What may follow {sync_id}. in the Host header, for clients that can set a host but no path.',
  }),
  LOCKSTEP_PROXY_CORS_ORIGIN: commaList
    .refine((origins) =>
      origins.every((origin) => !origin.includes('*') && URL.parse(origin)?.origin === origin),
    )
    .register(explained, {
      form: 'origins such as https://app.example.com, separated by commas',
      unset: 'none',
      why: 'Web pages that may use the proxy from a browser, and read Lockstep-Applied.',
    }),
  LOCKSTEP_TRUSTED_PROXIES: commaList
    .transform(parseAddressList)
    .refine((addresses) => addresses !== null)
    .register(explained, {
      form: 'addresses or networks such as 10.0.0.0/8, separated by commas',
      unset: 'none',
      why: 'Load balancers and TLS terminators in front of the proxy and the API. Only their X-Forwarded-Host replaces the Host header at the proxy, and only from them and this machine the API takes requests over plain http.',
    }),
  LOCKSTEP_API_HOST: text.default('127.0.0.1').register(explained, {
    form: 'an address of this machine',
    why: 'Where the management API listens.',
  }),
  LOCKSTEP_API_PORT: port.default(8400).register(explained, {
    form: portForm,
    why: 'Its port. If taken, the next free one.',
  }),
  LOCKSTEP_API_TLS_CERT: text.optional().register(explained, {
    form: 'a PEM file: the certificate, then its intermediate certificates',
    unset: 'no TLS',
    why: 'The management API then speaks only https. A renewed file is loaded within a minute, without a restart.',
  }),
  LOCKSTEP_API_TLS_KEY: text.optional().register(explained, {
    form: 'a PEM file without a passphrase',
    unset: 'no TLS',
    why: 'The private key of that certificate.',
  }),
  LOCKSTEP_API_PUBLIC_HOST: hostList().register(explained, {
    form: 'names separated by commas, with the port if clients send one',
    unset: 'localhost and LOCKSTEP_API_HOST',
    why: 'What requests to it may have in the Host header, behind a load balancer for example. Others are refused.',
  }),
  LOCKSTEP_ADMIN_PASSWORD_FILE: text.optional().register(explained, {
    form: 'a file with a password of 12 characters or more',
    unset: 'a set-up token, shown at the start',
    why: 'Makes the administrator at a start if there is none yet. It never changes a password: for that, lockstep admin reset-password.',
  }),
  LOCKSTEP_URL: z
    .string()
    .refine((url) => /^https?:$/.test(URL.parse(url)?.protocol ?? ''))
    .optional()
    .register(explained, {
      form: 'https://host or http://localhost:8400',
      unset: 'that of lockstep login; else the server of the data directory',
      why: 'For commands: the server whose management API they use.',
    }),
  LOCKSTEP_API_KEY: text.optional().register(explained, {
    form: 'a key that lockstep api-key create has shown',
    unset: 'that of lockstep login, or of the data directory',
    why: 'For commands: the key that they send to LOCKSTEP_URL.',
  }),
  LOCKSTEP_METRICS_HOST: text.default('127.0.0.1').register(explained, {
    form: 'an address of this machine',
    why: 'Where metrics for Prometheus are served, at /metrics. They name syncs, so the proxy itself does not serve them.',
  }),
  LOCKSTEP_METRICS_PORT: port.default(8404).register(explained, {
    form: portForm,
    why: 'Its port. If taken, the next free one.',
  }),
  LOCKSTEP_ORG_PORT: port.default(8402).register(explained, {
    form: portForm,
    why: 'Where the simulated org listens. If taken, the next free one.',
  }),
  LOCKSTEP_POSTGRES_PORT: port.default(54_320).register(explained, {
    form: portForm,
    why: 'Where the embedded PostgreSQL listens. If taken, the next free one.',
  }),
  LOCKSTEP_POSTGRES_HOST: z
    .string()
    .refine((host) => isIP(host) !== 0)
    .default('127.0.0.1')
    .register(explained, {
      form: 'an IP address of this machine; 0.0.0.0: all of them',
      why: 'Where the embedded PostgreSQL listens besides 127.0.0.1. From elsewhere only the readers of mirrors can log in; what they read is not encrypted on the way.',
    }),
  LOCKSTEP_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').register(explained, {
    form: 'debug, info, warn or error',
    why: 'How much is logged to the daily files in the folder logs of the data directory, which are kept for 30 days.',
  }),
});
type OptionName = keyof typeof options.shape;
const optionNames = Object.keys(options.shape) as OptionName[];

export interface Config {
  dataDir: string;
  /** Undefined: the embedded server. */
  databaseUrl: string | undefined;
  /** Revokes the right of PUBLIC to connect to that database even if others use it. */
  closesDatabase: boolean;
  key: KeySource;
  mail: MailOptions;
  allowHosts: readonly string[];
  proxyHost: string;
  proxyPort: number;
  /** Undefined: the proxy speaks http. */
  proxyCertificate: CertificateFiles | undefined;
  /** In lower case. */
  proxyPublicHosts: readonly string[];
  corsOrigins: readonly string[];
  trustedProxies: BlockList;
  apiHost: string;
  apiPort: number;
  /** Undefined: the API speaks http. */
  apiCertificate: CertificateFiles | undefined;
  /** In lower case. */
  apiPublicHosts: readonly string[];
  /** Undefined: a set-up token makes the administrator. */
  adminPasswordFile: string | undefined;
  /** For commands: the server that they use, if it is named. */
  serverUrl: string | undefined;
  serverKey: string | undefined;
  /** Where `lockstep login` remembers a server; undefined: not used. */
  loginFile: string | undefined;
  metricsHost: string;
  metricsPort: number;
  orgPort: number;
  postgresPort: number;
  postgresHost: string;
  logLevel: string;
}

/** @throws {@link Fault} `CFG-01` that names every wrong option, but never a value */
export function readConfig(environment = process.env, folder = process.cwd()): Config {
  const given = { ...readEnvFile(folder), ...environment };
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== '');
  const read = options.safeParse(Object.fromEntries(set));
  const unknown = set.map(([name]) => name).filter((name) => name.startsWith('LOCKSTEP_'));
  const problems = [
    ...unknown.filter((name) => !optionNames.some((known) => known === name)).map(unknownOption),
    ...halfOfMail(given),
    ...halfOfCertificate(given, 'PROXY'),
    ...halfOfCertificate(given, 'API'),
    ...plainApi(given),
    ...new Set((read.error?.issues ?? []).map(({ path: [name] }) => wrongValue(name as OptionName))),
  ];
  if (!read.success || problems.length > 0) throw new Fault('CFG-01', { reason: problems.join(' ') });
  const { data } = read;
  return {
    dataDir: data.LOCKSTEP_DATA,
    databaseUrl: data.DATABASE_URL,
    closesDatabase: data.LOCKSTEP_CLOSE_DATABASE === 'yes',
    key: {
      keyFile: data.LOCKSTEP_KEY_FILE,
      key: data.LOCKSTEP_KEY,
      defaultKeyFile: join(folderOf(given), 'key'),
    },
    mail: { smtpUrl: data.LOCKSTEP_SMTP_URL, from: data.LOCKSTEP_MAIL_FROM, to: data.LOCKSTEP_MAIL_TO },
    allowHosts: data.LOCKSTEP_ALLOW_HOST,
    proxyHost: data.LOCKSTEP_PROXY_HOST,
    proxyPort: data.LOCKSTEP_PROXY_PORT,
    proxyCertificate: certificateOf(data.LOCKSTEP_PROXY_TLS_CERT, data.LOCKSTEP_PROXY_TLS_KEY),
    proxyPublicHosts: data.LOCKSTEP_PROXY_PUBLIC_HOST,
    corsOrigins: data.LOCKSTEP_PROXY_CORS_ORIGIN,
    trustedProxies: data.LOCKSTEP_TRUSTED_PROXIES,
    apiHost: data.LOCKSTEP_API_HOST,
    apiPort: data.LOCKSTEP_API_PORT,
    apiCertificate: certificateOf(data.LOCKSTEP_API_TLS_CERT, data.LOCKSTEP_API_TLS_KEY),
    apiPublicHosts: data.LOCKSTEP_API_PUBLIC_HOST,
    adminPasswordFile: data.LOCKSTEP_ADMIN_PASSWORD_FILE,
    serverUrl: data.LOCKSTEP_URL && new URL(data.LOCKSTEP_URL).origin,
    serverKey: data.LOCKSTEP_API_KEY,
    loginFile: join(folderOf(given), 'login.json'),
    metricsHost: data.LOCKSTEP_METRICS_HOST,
    metricsPort: data.LOCKSTEP_METRICS_PORT,
    orgPort: data.LOCKSTEP_ORG_PORT,
    postgresPort: data.LOCKSTEP_POSTGRES_PORT,
    postgresHost: data.LOCKSTEP_POSTGRES_HOST,
    logLevel: data.LOCKSTEP_LOG_LEVEL,
  };
}

/** The user's own folder of Lockstep, outside any data directory. */
const folderOf = ({ XDG_CONFIG_HOME, HOME }: NodeJS.Dict<string>): string =>
  join(XDG_CONFIG_HOME || join(HOME || homedir(), '.config'), 'lockstep');

/** False for terminals that take no escape codes. */
export const terminalCanRepaint = (environment = process.env): boolean => environment.TERM !== 'dumb';

/** One entry per option: name, form, default and purpose. For `lockstep help config`. */
export const configHelp = (): { name: string; form: string; unset: string; why: string }[] =>
  optionNames.map((name) => {
    const { form, unset, why } = explanationOf(name);
    const standard: unknown = options.shape[name].parse(undefined);
    return { name, form, unset: unset ?? String(standard), why };
  });

/** The environment takes precedence over the file. */
function readEnvFile(folder: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(join(folder, '.env'), 'utf8'));
  } catch (error) {
    const { code } = error as { code?: unknown };
    if (code === 'ENOENT' || code === 'EISDIR') return {};
    throw new Fault('CFG-01', { reason: `The file .env cannot be read (${String(code)}).` });
  }
}

function unknownOption(name: string): string {
  const near = nearNames(name.slice(0, 80), optionNames);
  return `There is no option ${name.slice(0, 80)}.${near.length > 0 ? ` Near: ${near.join(', ')}.` : ''}`;
}

/** With a mail server but without a sender or a recipient, no e-mail would ever be sent. */
function halfOfMail(given: NodeJS.Dict<string>): string[] {
  const missing = ['LOCKSTEP_MAIL_FROM', 'LOCKSTEP_MAIL_TO'].filter((name) => !given[name]);
  if (!given.LOCKSTEP_SMTP_URL || missing.length === 0) return [];
  return [`LOCKSTEP_SMTP_URL also needs ${missing.join(' and ')}.`];
}

function halfOfCertificate(given: NodeJS.Dict<string>, part: 'PROXY' | 'API'): string[] {
  const pair = [`LOCKSTEP_${part}_TLS_CERT`, `LOCKSTEP_${part}_TLS_KEY`];
  const [missing, ...both] = pair.filter((name) => !given[name]);
  if (missing === undefined || both.length > 0) return [];
  return [`${pair.find((name) => name !== missing)} also needs ${missing}.`];
}

/** On an address that other machines reach, keys would be readable on the way. */
function plainApi(given: NodeJS.Dict<string>): string[] {
  const host = given.LOCKSTEP_API_HOST || '127.0.0.1';
  if (isThisMachine(host) || given.LOCKSTEP_API_TLS_CERT || given.LOCKSTEP_TRUSTED_PROXIES) return [];
  return [
    `LOCKSTEP_API_HOST=${host.slice(0, 80)} also needs LOCKSTEP_API_TLS_CERT, or LOCKSTEP_TRUSTED_PROXIES with the TLS terminator in front of it.`,
  ];
}

const certificateOf = (cert: string | undefined, key: string | undefined): CertificateFiles | undefined =>
  cert !== undefined && key !== undefined ? { cert, key } : undefined;

const wrongValue = (name: OptionName) => `${name} must be ${explanationOf(name).form}.`;

function explanationOf(name: OptionName): { form: string; unset?: string; why: string } {
  return explained.get(options.shape[name]) ?? { form: 'text', why: '' };
}
