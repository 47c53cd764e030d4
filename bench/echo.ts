// The benchmark's end of the echo server: a throw-away certificate, the process, its port.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { EchoReady, EchoSettings } from './echo-server.ts';
import { throwAwayCertificate } from './throw-away-certificate.ts';

export interface EchoServer extends AsyncDisposable {
  readonly port: number;
  /** Of the processes that serve. */
  readonly pids: readonly number[];
  /** PEM that clients must trust. */
  readonly ca: string;
}

export async function startEchoServer(
  serverName: string,
  answerBytes: number,
  { bursting = false } = {},
): Promise<EchoServer> {
  const { key, certificate } = throwAwayCertificate(serverName);
  const child = fork(join(import.meta.dirname, 'echo-server.ts'), []);
  const settings: EchoSettings = { key, certificate, answerBytes, bursting };
  child.send(settings);
  const [ready] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error('the echo server ended'))),
  ])) as [EchoReady];
  return {
    ...ready,
    ca: certificate,
    async [Symbol.asyncDispose]() {
      const gone = once(child, 'exit');
      child.disconnect();
      await gone;
    },
  };
}
