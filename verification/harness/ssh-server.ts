/** SSH servers that pass connections on, as stand before databases: of the library, and OpenSSH's own. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@lockstep/foundation/clock';
import ssh2, { type Connection } from 'ssh2';
import { freePort } from './free-port.ts';

/** How a client is to reach an SSH server: as the body of a request names it. */
export interface TunnelForm {
  host: string;
  port: number;
  user: string;
  key: string;
  host_key: string;
}

export interface SshServer extends AsyncDisposable {
  form: TunnelForm;
  /** Clients that have a connection, and those that have tried to sign in. */
  clients: () => number;
  signIns: () => number;
  /** Ends all connections, as a restart does. */
  dropClients(): void;
}

const { Server, utils } = ssh2;

/** A private key in PEM. The library's own generator makes one in a few hundred that it cannot read. */
const newKey = (): string =>
  generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'sec1', format: 'pem' },
  }).privateKey;

const fingerprint = (key: string) =>
  `SHA256:${createHash('sha256').update(parsed(key).getPublicSSH()).digest('base64').replace(/=+$/, '')}`;

function parsed(key: string) {
  const found = utils.parseKey(key);
  if (found instanceof Error) throw found;
  return found;
}

/** @param port  that of an earlier server which has ended; otherwise a free one */
export async function openSshServer({
  port = 0,
  keys = [newKey(), newKey()],
} = {}): Promise<SshServer & { again: { port: number; keys: (typeof keys)[number][] } }> {
  const [host = newKey(), user = newKey()] = keys;
  const allowed = parsed(user).getPublicSSH();
  const clients = new Set<Connection>();
  let signIns = 0;
  const server = new Server({ hostKeys: [host] }, (client) => {
    clients.add(client);
    (client as Connection & { setNoDelay(on: boolean): void }).setNoDelay(true); // its types lack it
    client.on('close', () => clients.delete(client));
    client.on('error', () => undefined);
    client.on('authentication', (request) => {
      if (request.method !== 'publickey') return request.reject(['publickey']);
      signIns++;
      if (request.username !== 'tunnel' || !request.key.data.equals(allowed)) return request.reject();
      const { blob, signature, hashAlgo } = request;
      if (!signature || !blob || parsed(user).verify(blob, signature, hashAlgo)) return request.accept();
      request.reject();
    });
    client.on('tcpip', (accept, reject, { destIP, destPort }) => {
      const target = connect(destPort, destIP);
      target.once('connect', () => {
        const channel = accept();
        channel.on('error', () => undefined);
        channel.on('close', () => target.destroy());
        channel.pipe(target).pipe(channel);
      });
      target.on('error', () => reject());
    });
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const found = server.address() as AddressInfo;
  return {
    form: {
      host: '127.0.0.1',
      port: found.port,
      user: 'tunnel',
      key: user,
      host_key: fingerprint(host),
    },
    again: { port: found.port, keys: [host, user] },
    clients: () => clients.size,
    signIns: () => signIns,
    dropClients() {
      for (const client of clients) client.end();
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const client of clients) client.end();
      await closed;
    },
  };
}

const sshd = '/usr/sbin/sshd';

/**
 * Null if OpenSSH's server is not installed.
 *
 * @param settings  further lines of its configuration
 */
export async function openOpenSsh(
  ...settings: string[]
): Promise<(AsyncDisposable & { form: TunnelForm }) | null> {
  if (
    !(await access(sshd).then(
      () => true,
      () => false,
    ))
  )
    return null;
  const folder = await mkdtemp(join(tmpdir(), 'sshd-'));
  const [host, user] = [newKey(), newKey()];
  const file = async (name: string, text: string) => {
    await writeFile(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const port = await freePort();
  const config = [
    `Port ${port}`,
    'ListenAddress 127.0.0.1',
    `HostKey ${await file('host', host)}`,
    `AuthorizedKeysFile ${await file('authorized_keys', `${parsed(user).type} ${parsed(user).getPublicSSH().toString('base64')}\n`)}`,
    'PidFile none',
    'StrictModes no',
    'UsePAM no',
    'PasswordAuthentication no',
    'PermitRootLogin prohibit-password',
    ...settings,
  ];
  // Where it is installed but has never run as a service, what its privileges are separated with is missing.
  if (userInfo().uid === 0) await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  const configFile = await file('sshd_config', `${config.join('\n')}\n`);
  const child = spawn(sshd, ['-D', '-e', '-f', configFile], { stdio: 'ignore' });
  await accepting(port, child);
  return {
    form: {
      host: '127.0.0.1',
      port,
      user: userInfo().username,
      key: user,
      host_key: fingerprint(host),
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function accepting(port: number, child: ChildProcess): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    if (child.exitCode !== null) throw new Error(`sshd ended with ${child.exitCode}`);
    const socket = connect(port, '127.0.0.1');
    const isOpen = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await systemClock.sleep(50);
  }
  throw new Error('sshd does not listen');
}
