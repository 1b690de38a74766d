/** Whether a database server can be reached, and whether it proves who it is. Nothing secret is sent. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { BlockList, connect, isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Clock, deadline } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import { hostOf, type OwnDatabase } from '../core/own-database.ts';
import type { CheckStep, Found } from './check-step.ts';
import { databaseFault } from './faults.ts';
import { openTunnel, type SshTunnel } from './ssh-tunnel.ts';

const answerWithinMs = 5_000;

/** Addresses of one machine's own network, where clouds serve the machine's settings and keys. */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16);
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

export function networkChecks(to: OwnDatabase, clock: Clock, signal: AbortSignal): CheckStep[] {
  const tunnel = to.tunnel && openTunnel(to.tunnel);
  const soon = (look: (late: AbortSignal) => Promise<Found>) => within(clock, signal, to, look);
  const steps: CheckStep[] = [{ name: 'name', needs: [], look: () => resolves(to) }];
  if (tunnel) steps.push({ name: 'tunnel', needs: ['name'], look: () => letsIn(to, tunnel) });
  return [
    ...steps,
    {
      name: 'tcp',
      needs: [tunnel ? 'tunnel' : 'name'],
      look: () => soon((late) => accepts(to, tunnel, late)),
    },
    { name: 'tls', needs: ['tcp'], look: () => soon((late) => provesItself(to, tunnel, late)) },
  ];
}

/** Behind a tunnel the database's name is the SSH server's business; an address that is not to be used is not. */
async function resolves(to: OwnDatabase): Promise<Found> {
  if (isLinkLocal(to.host)) return { fault: new Fault('DB-22', { host: to.host }), sql: null };
  const { host, port } = to.tunnel ?? to;
  let addresses = [host];
  try {
    if (isIP(host) === 0) addresses = (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return { fault: new Fault('DB-01', { host: hostOf({ host, port }) }), sql: null };
  }
  if (addresses.some(isLinkLocal)) return { fault: new Fault('DB-22', { host }), sql: null };
  return { says: `${host} is ${addresses.join(', ')}.` };
}

const isLinkLocal = (host: string) =>
  isIP(host) !== 0 && linkLocal.check(host, isIP(host) === 6 ? 'ipv6' : 'ipv4');

async function letsIn({ tunnel: server }: OwnDatabase, tunnel: SshTunnel): Promise<Found> {
  try {
    await tunnel.verify();
    return { says: `${server?.host} shows the host key that was given, and lets ${server?.user} in.` };
  } catch (error) {
    if (error instanceof Fault) return { fault: error, sql: null };
    throw error;
  }
}

/** A failure of the connection becomes what was found. */
async function within(
  clock: Clock,
  signal: AbortSignal,
  to: OwnDatabase,
  look: (late: AbortSignal) => Promise<Found>,
): Promise<Found> {
  using late = deadline(clock, answerWithinMs, signal);
  try {
    return await look(late);
  } catch (error) {
    signal.throwIfAborted();
    const { code } = error as { code?: unknown };
    const reason = late.aborted ? 'no answer in 5 s' : typeof code === 'string' ? code : 'no answer';
    return {
      fault: databaseFault(error, hostOf(to)) ?? new Fault('DB-02', { host: hostOf(to), reason }),
      sql: null,
    };
  }
}

async function accepts(to: OwnDatabase, tunnel: SshTunnel | null, late: AbortSignal): Promise<Found> {
  const socket = await open(to, tunnel, late);
  socket.destroy();
  return { says: `${hostOf(to)} accepts connections.` };
}

async function open(
  { host, port }: OwnDatabase,
  tunnel: SshTunnel | null,
  late: AbortSignal,
): Promise<Duplex> {
  const socket = tunnel ? tunnel.dial().connect(port, host) : connect({ host, port });
  socket.on('error', () => undefined);
  try {
    await once(socket, 'connect', { signal: late });
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** How a client of PostgreSQL asks for TLS: a message of eight bytes, answered by one. */
const tlsRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

async function provesItself(to: OwnDatabase, tunnel: SshTunnel | null, late: AbortSignal): Promise<Found> {
  const machine = tunnel ? 'the machine of the SSH server' : 'this machine';
  if (to.tls === 'off') return { isNotAsked: `Switched off, because the server is on ${machine}.` };
  const socket = await open(to, tunnel, late);
  try {
    socket.write(tlsRequest);
    const [answer] = (await once(socket, 'data', { signal: late })) as [Buffer];
    if (answer.toString('latin1') !== 'S') return noTls(to, 'it does not offer TLS');
    const secure = await handshake(to, socket, late);
    const { valid_to: until } = secure.getPeerCertificate();
    const isVerified = to.tls === 'verify-full' ? `The certificate is for ${to.host} and` : 'The certificate';
    return { says: `${secure.getProtocol() ?? 'TLS'}. ${isVerified} is valid until ${until}.` };
  } catch (error) {
    late.throwIfAborted();
    const { code } = error as { code?: unknown };
    return noTls(to, typeof code === 'string' ? code : 'the handshake failed');
  } finally {
    socket.destroy();
  }
}

async function handshake(
  { host, tls, ca }: OwnDatabase,
  socket: Duplex,
  late: AbortSignal,
): Promise<TLSSocket> {
  const secure = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 && { servername: host }),
    ...(ca !== null && { ca }),
    rejectUnauthorized: tls === 'verify-full',
  });
  secure.on('error', () => undefined);
  await once(secure, 'secureConnect', { signal: late });
  return secure;
}

const noTls = (to: OwnDatabase, reason: string): Found => ({
  fault: new Fault('DB-18', { host: hostOf(to), reason }),
  sql: null,
});
