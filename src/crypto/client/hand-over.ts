// How partitions of one module give each other the key that opens it: encrypted to the waiting one's certificate, which
// the giving module checks. What passes through here opens nothing.
import { createHash } from 'node:crypto';
import { messages } from '../protocol/messages.ts';
import type { Partition } from './partition.ts';

/** DER. */
export async function unlockCertificateOf(partition: Partition): Promise<Buffer> {
  const { request, reply, code } = messages.unlockKey;
  return Buffer.from(reply.decode(await partition.request(code, request.encode({}))).certificate);
}

export async function handOver(from: Partition, to: Partition): Promise<void> {
  const certificate = await unlockCertificateOf(to);
  const { request, reply, code } = messages.handOver;
  const { sealed } = reply.decode(await from.request(code, request.encode({ certificate })));
  await takeOver(to, certificate, sealed);
}

export async function takeOver(partition: Partition, certificate: Buffer, sealed: string): Promise<void> {
  const { request, code } = messages.takeOver;
  await partition.request(code, request.encode({ recipient: thumbprintOf(certificate), sealed }));
}

/** x5t#S256 of a certificate in DER. */
export function thumbprintOf(certificate: Uint8Array): string {
  return createHash('sha256').update(certificate).digest('base64url');
}
