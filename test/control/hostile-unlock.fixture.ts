// A control process that was taken over, as far as it can pose as a locked instance: confined as the real one, it binds
// sockets under the names that it is told and answers there as a worker would, with a certificate of its own.
import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { recipientCertificate } from '../../src/formats/x509-writer.ts';

const [folder = ''] = process.argv.slice(2);
const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
const serial = randomBytes(16);
serial[0] = 0x40;
const certificate = recipientCertificate(
  {
    serial,
    subject: 'unlock dev',
    notBefore: Math.floor(Date.now() / 1000),
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
  },
  (toSign) => sign('sha256', toSign, privateKey),
);
const answers: Readonly<Record<string, object>> = {
  show: { state: 'locked', seal: { kind: 'passphrase', failures: 0 } },
  certificate: { certificate: certificate.toString('base64') },
  unlock: { custodians: [] },
};
const say = (...words: readonly string[]): boolean => process.stdout.write(`${words.join(' ')}\n`);

for await (const name of createInterface({ input: process.stdin })) {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    socket.on('error', () => {});
    socket.on('end', () => {
      const { ask } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as { readonly ask: string };
      say('asked', ask);
      socket.end(JSON.stringify({ answer: answers[ask] ?? {} }));
    });
  });
  server.once('error', (error: NodeJS.ErrnoException) => say('not', name, error.code ?? ''));
  server.listen(join(folder, name), () => say('bound', name));
}
