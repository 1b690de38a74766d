import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { holdBody } from './bodies.ts';

test('a body whose sender has left before anybody asked for it does not come', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf');
  const [request] = (await once(server, 'request')) as [IncomingMessage];
  request.on('error', () => undefined);
  const gone = once(request, 'close').catch(() => undefined);
  socket.destroy();
  await gone;
  await assert.rejects(holdBody(request), /the caller left/);
  server.close();
});
