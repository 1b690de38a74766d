import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';

export interface MailServer extends AsyncDisposable {
  mails: string[];
  /** It answers the next mails with 451. */
  refuse(times: number): void;
  options: { smtpUrl: string; from: string; to: string };
}

/** A mail server that keeps what it receives. @param login  that it asks for; without one it lets everybody in */
export async function openMailServer(login?: { user: string; password: string }): Promise<MailServer> {
  const mails: string[] = [];
  let refusals = 0;
  const server = new SMTPServer({
    authOptional: login === undefined,
    allowInsecureAuth: true,
    disabledCommands: login ? ['STARTTLS'] : ['STARTTLS', 'AUTH'],
    onAuth({ username, password }, _, done) {
      if (username === login?.user && password === login?.password) done(null, { user: username });
      else done(new Error('wrong login'));
    },
    onData(stream, _, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        if (refusals > 0) {
          refusals -= 1;
          done(Object.assign(new Error('try later'), { responseCode: 451 }));
          return;
        }
        mails.push(Buffer.concat(chunks).toString());
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.server.address() as AddressInfo;
  const asUser = login ? `${login.user}:${login.password}@` : '';
  return {
    mails,
    refuse: (times: number) => {
      refusals = times;
    },
    options: {
      smtpUrl: `smtp://${asUser}127.0.0.1:${port}`,
      from: 'lockstep@example.com',
      to: 'ops@example.com',
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(resolve)),
  };
}
