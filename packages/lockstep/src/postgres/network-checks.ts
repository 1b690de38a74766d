/** Whether a database server can be reached, and whether it proves who it is. Nothing secret is sent. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { BlockList, connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { type Clock, deadline } from '@lockstep/foundation/clock';
import { Fault } from '../core/faults.ts';
import { hostOf, type OwnDatabase } from '../core/own-database.ts';
import type { CheckStep, Found } from './check-step.ts';
import { databaseFault } from './faults.ts';

const answerWithinMs = 5_000;

/** Addresses of one machine's own network, where clouds serve the machine's settings and keys. */
const linkLocal = new BlockList();
linkLocal.addSubnet('169.254.0.0', 16);
linkLocal.addSubnet('fe80::', 10, 'ipv6');
linkLocal.addAddress('fd00:ec2::254', 'ipv6');

export const networkChecks = (to: OwnDatabase, clock: Clock, signal: AbortSignal): CheckStep[] => [
  { name: 'name', needs: [], look: () => resolves(to) },
  { name: 'tcp', needs: ['name'], look: () => within(clock, signal, to, (late) => accepts(to, late)) },
  { name: 'tls', needs: ['tcp'], look: () => within(clock, signal, to, (late) => provesItself(to, late)) },
];

async function resolves(to: OwnDatabase): Promise<Found> {
  const { host } = to;
  let addresses = [host];
  try {
    if (isIP(host) === 0) addresses = (await lookup(host, { all: true })).map(({ address }) => address);
  } catch {
    return { fault: new Fault('DB-01', { host: hostOf(to) }), sql: null };
  }
  if (addresses.some((address) => linkLocal.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')))
    return { fault: new Fault('DB-22', { host }), sql: null };
  return { says: `${host} is ${addresses.join(', ')}.` };
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

async function accepts(to: OwnDatabase, late: AbortSignal): Promise<Found> {
  const socket = await open(to, late);
  socket.destroy();
  return { says: `${hostOf(to)} accepts connections.` };
}

async function open({ host, port }: OwnDatabase, late: AbortSignal): Promise<Socket> {
  const socket = connect({ host, port });
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

async function provesItself(to: OwnDatabase, late: AbortSignal): Promise<Found> {
  if (to.tls === 'off') return { isNotAsked: 'Switched off, because the server is on this machine.' };
  const socket = await open(to, late);
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
  socket: Socket,
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
