// The authorities that clients of a prepared shell believe, in the forms that they read: the development authority and
// beside it those of the system, since what a variable names takes the place of the system's own. Certificates alone.
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../files/durable-file.ts';
import { trustStore } from '../../formats/trust-store.ts';
import type { Places } from '../data-layout.ts';
import { type SystemRoots, systemRoots } from './system-roots.ts';

/** The system's are taken as they are now: each start and each `env` does it again. */
export async function writeTrustFiles(at: Places, { certificates }: SystemRoots = systemRoots()): Promise<void> {
  const own = (await readFile(at.caCertificate, 'utf8')).trim();
  await replaceIfOther(at.caBundle, Buffer.from([own, ...certificates].map((pem) => `${pem}\n`).join('')));
  const named = certificates.map((pem, index) => ({ name: `system-${index + 1}`, pem }));
  const readable = [{ name: 'strongroom', pem: own }, ...named].flatMap(({ name, pem }) => {
    const der = derOf(pem);
    return der === undefined ? [] : [{ name, der }];
  });
  await replaceIfOther(at.trustStore, trustStore(readable));
}

/**
 * The file for Node, which trusts a list of its own and not the system's. Where the variable named something before, Node was to trust
 * more than that: most often what an administrator has put into the system's.
 */
export function caForNode(
  { caCertificate, caBundle }: Places,
  { NODE_EXTRA_CA_CERTS: before }: NodeJS.ProcessEnv,
): string {
  return before === undefined || before === '' || before === caCertificate ? caCertificate : caBundle;
}

/** What Node cannot read Java might refuse, and the whole file with it. */
function derOf(pem: string): Uint8Array | undefined {
  try {
    return new X509Certificate(pem).raw;
  } catch {
    return undefined;
  }
}

async function replaceIfOther(path: string, content: Buffer): Promise<void> {
  const kept = await readFile(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return undefined;
  });
  if (kept?.equals(content) !== true) await replaceFile(path, content);
}
