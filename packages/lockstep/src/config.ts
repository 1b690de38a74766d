/**
 * Every option of Lockstep: one schema, read from the environment and from a `.env` file in the working directory.
 * Nothing else in the product reads the environment.
 */
import { readFileSync } from 'node:fs';
import type { BlockList } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { parseAddressList } from '@lockstep/foundation/address-list';
import { z } from 'zod';
import type { KeySource, MailOptions } from './control/index.ts';
import { Fault } from './core/faults.ts';
import { nearNames } from './salesforce/index.ts';

/** What a person needs to know of an option: the form of its value, what stands where it is not set, and why it exists. */
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
/** In the working directory. */
export const defaultDataDir = '.lockstep';
const portForm = 'a port, 0 to 65535; 0: any free one';

const options = z.object({
  LOCKSTEP_DATA: text.default(defaultDataDir).register(explained, {
    form: 'a folder',
    why: 'Holds the embedded PostgreSQL, logs and what is known of a running server.',
  }),
  DATABASE_URL: z
    .string()
    .refine((url) => /^postgres(ql)?:\/\//.test(url) && URL.canParse(url))
    .optional()
    .register(explained, {
      form: 'postgres://user:password@host:port/database',
      unset: 'the embedded PostgreSQL',
      why: 'A server of your own: this database becomes the control database, where PUBLIC may no longer connect, and mirrors get databases beside it. The login needs CREATEDB and CREATEROLE.',
    }),
  LOCKSTEP_KEY_FILE: text.optional().register(explained, {
    form: 'a file with 32 bytes as base64',
    unset: 'lockstep/key in your configuration folder, made where no sync exists yet',
    why: 'The key that seals credentials. Never in the data directory, so that a copy of the data is useless without it.',
  }),
  LOCKSTEP_KEY: text.optional().register(explained, {
    form: '32 bytes as base64',
    unset: 'LOCKSTEP_KEY_FILE',
    why: 'The same key as a value, for platforms that hand secrets over that way.',
  }),
  LOCKSTEP_SMTP_URL: z
    .string()
    .regex(/^smtps?:\/\//)
    .optional()
    .register(explained, {
      form: 'smtp://user:password@host:port or smtps://…',
      unset: 'no e-mail',
      why: 'Sends the e-mail that says when a backfill is complete.',
    }),
  LOCKSTEP_MAIL_FROM: text.optional().register(explained, {
    form: 'an address',
    unset: 'no e-mail',
    why: 'Its sender.',
  }),
  LOCKSTEP_MAIL_TO: text.optional().register(explained, {
    form: 'an address',
    unset: 'no e-mail',
    why: 'Its receiver.',
  }),
  LOCKSTEP_ALLOW_HOST: commaList
    .refine((hosts) => hosts.every((host) => /^[^\s/@]+$/.test(host)))
    .register(explained, {
      form: 'host or host:port, several with commas',
      unset: "Salesforce's own hosts only",
      why: 'Addresses besides those of Salesforce that credentials may be sent to, such as a test org.',
    }),
  LOCKSTEP_PROXY_HOST: text.default('127.0.0.1').register(explained, {
    form: 'an address of this machine',
    why: 'Where the proxy listens.',
  }),
  LOCKSTEP_PROXY_PORT: port.default(8401).register(explained, {
    form: portForm,
    why: 'The same. If taken, the next free one.',
  }),
  LOCKSTEP_PROXY_TLS_CERT: text.optional().register(explained, {
    form: 'a file in PEM: the certificate, then those that vouch for it',
    unset: 'no TLS',
    why: 'The proxy then speaks https alone. A renewed file is taken up within a minute, without a restart.',
  }),
  LOCKSTEP_PROXY_TLS_KEY: text.optional().register(explained, {
    form: 'a file in PEM, without a passphrase',
    unset: 'no TLS',
    why: 'Its private key.',
  }),
  LOCKSTEP_PROXY_PUBLIC_HOST: commaList
    .refine((hosts) => hosts.every((host) => /^[a-z0-9.-]+(:\d{1,5})?$/i.test(host)))
    .register(explained, {
      form: 'a name, with its port where clients send one; several with commas',
      unset: 'localhost and LOCKSTEP_PROXY_HOST',
      why: 'What may follow {sync_id}. in the Host of a request: for clients that take a host and no path.',
    }),
  LOCKSTEP_TRUSTED_PROXIES: commaList
    .transform(parseAddressList)
    .refine((addresses) => addresses !== null)
    .register(explained, {
      form: 'an address or a net such as 10.0.0.0/8, several with commas',
      unset: 'nobody',
      why: 'Balancers and TLS terminators in front of the proxy. Of them alone X-Forwarded-Host counts as the Host.',
    }),
  LOCKSTEP_METRICS_HOST: text.default('127.0.0.1').register(explained, {
    form: 'an address of this machine',
    why: 'Where figures for Prometheus are given, at /metrics. They name syncs, so this is not the proxy itself.',
  }),
  LOCKSTEP_METRICS_PORT: port.default(8404).register(explained, {
    form: portForm,
    why: 'The same. If taken, the next free one.',
  }),
  LOCKSTEP_ORG_PORT: port.default(8402).register(explained, {
    form: portForm,
    why: 'Where the simulated org listens. If taken, the next free one.',
  }),
  LOCKSTEP_POSTGRES_PORT: port.default(54_320).register(explained, {
    form: portForm,
    why: 'Where the embedded PostgreSQL listens. If taken, the next free one.',
  }),
  LOCKSTEP_LOG_LEVEL: z.enum(['debug', 'info', 'warn', 'error']).default('info').register(explained, {
    form: 'debug, info, warn or error',
    why: 'What the daily files in the folder logs of the data directory hold; they are kept for 30 days.',
  }),
});
type OptionName = keyof typeof options.shape;
const optionNames = Object.keys(options.shape) as OptionName[];

export interface Config {
  dataDir: string;
  /** Undefined: the embedded server. */
  databaseUrl: string | undefined;
  key: KeySource;
  mail: MailOptions;
  allowHosts: readonly string[];
  proxyHost: string;
  proxyPort: number;
  /** Undefined: the proxy speaks http. */
  proxyCertificate: { cert: string; key: string } | undefined;
  /** In lower case. */
  proxyPublicHosts: readonly string[];
  trustedProxies: BlockList;
  metricsHost: string;
  metricsPort: number;
  orgPort: number;
  postgresPort: number;
  logLevel: string;
}

/** @throws {@link Fault} `CFG-01` that names every option that is wrong; never a value */
export function readConfig(environment = process.env, folder = process.cwd()): Config {
  const given = { ...readEnvFile(folder), ...environment };
  const set = Object.entries(given).filter(([, value]) => value !== undefined && value !== '');
  const read = options.safeParse(Object.fromEntries(set));
  const unknown = set.map(([name]) => name).filter((name) => name.startsWith('LOCKSTEP_'));
  const problems = [
    ...unknown.filter((name) => !optionNames.some((known) => known === name)).map(unknownOption),
    ...halfOfMail(given),
    ...halfOfCertificate(given),
    ...new Set((read.error?.issues ?? []).map(({ path: [name] }) => wrongValue(name as OptionName))),
  ];
  if (!read.success || problems.length > 0) throw new Fault('CFG-01', { reason: problems.join(' ') });
  const { data } = read;
  return {
    dataDir: data.LOCKSTEP_DATA,
    databaseUrl: data.DATABASE_URL,
    key: {
      keyFile: data.LOCKSTEP_KEY_FILE,
      key: data.LOCKSTEP_KEY,
      defaultKeyFile: join(given.XDG_CONFIG_HOME || join(homedir(), '.config'), 'lockstep', 'key'),
    },
    mail: { smtpUrl: data.LOCKSTEP_SMTP_URL, from: data.LOCKSTEP_MAIL_FROM, to: data.LOCKSTEP_MAIL_TO },
    allowHosts: data.LOCKSTEP_ALLOW_HOST,
    proxyHost: data.LOCKSTEP_PROXY_HOST,
    proxyPort: data.LOCKSTEP_PROXY_PORT,
    proxyCertificate: certificateOf(data),
    proxyPublicHosts: data.LOCKSTEP_PROXY_PUBLIC_HOST.map((host) => host.toLowerCase()),
    trustedProxies: data.LOCKSTEP_TRUSTED_PROXIES,
    metricsHost: data.LOCKSTEP_METRICS_HOST,
    metricsPort: data.LOCKSTEP_METRICS_PORT,
    orgPort: data.LOCKSTEP_ORG_PORT,
    postgresPort: data.LOCKSTEP_POSTGRES_PORT,
    logLevel: data.LOCKSTEP_LOG_LEVEL,
  };
}

/** False for terminals that take no escape codes. */
export const terminalCanRepaint = (environment = process.env): boolean => environment.TERM !== 'dumb';

/** One entry an option: name, form, what holds when it is not set, and its reason. For `lockstep help config`. */
export const configHelp = (): { name: string; form: string; unset: string; why: string }[] =>
  optionNames.map((name) => {
    const { form, unset, why } = explanationOf(name);
    const standard: unknown = options.shape[name].parse(undefined);
    return { name, form, unset: unset ?? String(standard), why };
  });

/** What stands in the environment itself counts before the file. */
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
  return `${name.slice(0, 80)} is no option.${near.length > 0 ? ` Near: ${near.join(', ')}.` : ''}`;
}

/** A server that may send, but from nobody or to nobody, would never send. */
function halfOfMail(given: NodeJS.Dict<string>): string[] {
  const missing = ['LOCKSTEP_MAIL_FROM', 'LOCKSTEP_MAIL_TO'].filter((name) => !given[name]);
  if (!given.LOCKSTEP_SMTP_URL || missing.length === 0) return [];
  return [`LOCKSTEP_SMTP_URL needs ${missing.join(' and ')} beside it.`];
}

function halfOfCertificate(given: NodeJS.Dict<string>): string[] {
  const pair = ['LOCKSTEP_PROXY_TLS_CERT', 'LOCKSTEP_PROXY_TLS_KEY'];
  const [missing, ...both] = pair.filter((name) => !given[name]);
  if (missing === undefined || both.length > 0) return [];
  return [`${pair.find((name) => name !== missing)} needs ${missing} beside it.`];
}

function certificateOf(data: z.infer<typeof options>): Config['proxyCertificate'] {
  const { LOCKSTEP_PROXY_TLS_CERT: cert, LOCKSTEP_PROXY_TLS_KEY: key } = data;
  return cert !== undefined && key !== undefined ? { cert, key } : undefined;
}

const wrongValue = (name: OptionName) => `${name} must be ${explanationOf(name).form}.`;

function explanationOf(name: OptionName): { form: string; unset?: string; why: string } {
  return explained.get(options.shape[name]) ?? { form: 'text', why: '' };
}
