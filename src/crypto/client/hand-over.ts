// How processes of one module give each other the key that opens it: encrypted to the waiting one's key, which the giving
// module checks. What passes through here opens nothing.
import { sha256url } from '../../formats/base64url.ts';
import { ask, type Partition } from './partition.ts';

/** DER. */
export async function recipientKeyOf(waiting: Partition): Promise<Buffer> {
  return Buffer.from((await ask(waiting, 'recipientKey', {})).key);
}

export async function handOver(from: Partition, to: Partition): Promise<void> {
  const key = await recipientKeyOf(to);
  const { sealed } = await ask(from, 'handOver', { key });
  await takeOver(to, key, sealed);
}

export async function takeOver(waiting: Partition, key: Buffer, sealed: string): Promise<void> {
  await ask(waiting, 'takeOver', { recipient: sha256url(key), sealed });
}
