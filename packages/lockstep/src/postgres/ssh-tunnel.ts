/**
 * Connections to a database that only an SSH server can reach, through that server, as `ssh -W` makes them: nothing
 * listens on this machine, where others could use it.
 */
import { createHash } from 'node:crypto';
import { Duplex } from 'node:stream';
import type { Client, ClientChannel } from 'ssh2';
import { Fault } from '../core/faults.ts';
import { hostOf, type Tunnel } from '../core/own-database.ts';

const answerWithinMs = 8_000;
/** An SSH server that is silent this long, asked twice, is gone. */
const keepAliveMs = 10_000;

export interface SshTunnel {
  /**
   * A stream that is yet to `connect(port, host)`, as the driver does. Its error is a {@link Fault}: `DB-02` the
   * database refuses; `DB-25` to `DB-27` the tunnel itself.
   */
  dial: () => TunnelSocket;
  /** @throws {@link Fault} `DB-25`; `DB-26`: it is not the pinned server; `DB-27`: it does not let the user in */
  verify: () => Promise<void>;
}

/** Connects at first use, and again after a break. Ends when its last stream does. */
export function openTunnel(to: Tunnel): SshTunnel {
  let shared: { client: Promise<Client>; users: number } | null = null;

  const enter = () => {
    const used = shared ?? { client: connectTo(to), users: 0 };
    const forget = () => {
      if (shared === used) shared = null;
    };
    if (!shared) used.client.then((client) => client.once('close', forget), forget);
    shared = used;
    used.users++;
    return {
      client: used.client,
      leave: () => {
        if (--used.users > 0) return;
        forget();
        used.client.then(
          (client) => client.end(),
          () => undefined,
        );
      },
    };
  };
  return {
    dial: () => new TunnelSocket(to, enter),
    async verify() {
      const { client, leave } = enter();
      await client.finally(leave);
    },
  };
}

type Enter = () => { client: Promise<Client>; leave: () => void };

/** One connection through the tunnel, with what the driver calls on a `net.Socket`. */
export class TunnelSocket extends Duplex {
  readonly #to: Tunnel;
  readonly #enter: Enter;
  #channel: ClientChannel | null = null;
  #leave: () => void = () => undefined;

  constructor(to: Tunnel, enter: Enter) {
    super();
    this.#to = to;
    this.#enter = enter;
  }

  /** Emits `connect`, or `error`. */
  connect(port: number, host: string): this {
    const { client, leave } = this.#enter();
    this.#leave = leave;
    client
      .then((opened) => openChannel(opened, this.#to, { host, port }))
      .then(
        (channel) => this.#begin(channel),
        (error: Error) => this.destroy(error),
      );
    return this;
  }

  /** SSH has settings of its own. */
  setNoDelay(): this {
    return this;
  }

  /** The tunnel is kept alive as a whole. */
  setKeepAlive(): this {
    return this;
  }

  /** The tunnel keeps the process running as long as it has streams. */
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  #begin(channel: ClientChannel): void {
    if (this.destroyed) return void channel.destroy();
    this.#channel = channel;
    channel.on('data', (chunk: Buffer) => {
      if (!this.push(chunk)) channel.pause();
    });
    channel.on('end', () => this.push(null));
    channel.on('error', (error: Error) => this.destroy(error));
    channel.on('close', () => this.destroy());
    this.emit('connect');
  }

  override _read(): void {
    this.#channel?.resume();
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: (error?: Error | null) => void): void {
    this.#channel?.write(chunk, done);
  }

  override _final(done: () => void): void {
    if (this.#channel && !this.#channel.destroyed) this.#channel.end(() => done());
    else done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#channel?.destroy();
    this.#leave();
    done(error);
  }
}

async function connectTo({ host, port, user, key, hostKey }: Tunnel): Promise<Client> {
  const { Client } = (await import('ssh2')).default;
  const where = hostOf({ host, port });
  const client = new Client();
  const { promise, resolve, reject } = Promise.withResolvers<Client>();
  let shown: string | null = null;
  client.once('ready', () => {
    client.setNoDelay(true); // otherwise each small message waits 40 ms for the acknowledgement of the one before
    resolve(client);
  });
  // Also after it was ready: its streams are closed then.
  client.on('error', (error: Error & { level?: string; code?: string | number }) => {
    if (shown !== null && shown !== hostKey) return reject(otherKey(where, shown, hostKey));
    if (error.level === 'client-authentication')
      return reject(new Fault('DB-27', { where, reason: `it does not let ${user} in with this key` }));
    const reason =
      error.level === 'client-timeout' ? 'no answer in 8 s' : String(error.code ?? 'no handshake');
    reject(new Fault('DB-25', { where, reason }));
  });
  client.once('close', () => reject(new Fault('DB-25', { where, reason: 'it closed the connection' })));
  client.connect({
    host,
    port,
    username: user,
    privateKey: key,
    readyTimeout: answerWithinMs,
    keepaliveInterval: keepAliveMs,
    keepaliveCountMax: 2,
    hostVerifier(given: Buffer) {
      shown = `SHA256:${createHash('sha256').update(given).digest('base64').replace(/=+$/, '')}`;
      return shown === hostKey;
    },
  });
  return promise;
}

const otherKey = (where: string, shown: string, pinned: string | null) =>
  new Fault('DB-26', {
    where,
    key: shown,
    reason: pinned === null ? 'nobody has confirmed it' : 'another one was given',
  });

/** The answers of an SSH server that opens no channel (RFC 4254, 5.1). */
const prohibited = 1;

function openChannel(
  client: Client,
  tunnel: Tunnel,
  to: { host: string; port: number },
): Promise<ClientChannel> {
  const { promise, resolve, reject } = Promise.withResolvers<ClientChannel>();
  const [where, host] = [hostOf(tunnel), hostOf(to)];
  client.forwardOut('127.0.0.1', 0, to.host, to.port, (error, channel) => {
    if (!error) return resolve(channel);
    if ((error as { reason?: unknown }).reason === prohibited)
      return reject(new Fault('DB-27', { where, reason: `it forbids connections to ${host}` }));
    reject(new Fault('DB-02', { host, reason: `${where} cannot connect to it` }));
  });
  return promise;
}

/** Whether it can be used for signing in to an SSH server: no passphrase, and not only the public half. */
export async function isPrivateKey(text: string): Promise<boolean> {
  const { utils } = (await import('ssh2')).default;
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) return false;
  return [parsed].flat().every((key) => key.isPrivateKey());
}
