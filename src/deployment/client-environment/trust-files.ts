// The authorities that clients of a prepared shell believe, in the forms that they read: the development authority and
// beside it those of the system, since what a variable names takes the place of the system's own. Certificates alone.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { rootCertificates } from 'node:tls';
import { replaceFile } from '../../files/durable-file.ts';
import { trustStore } from '../../formats/trust-store.ts';
import type { Places } from '../data-layout.ts';

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

/** Where systems keep them in one file: Debian and Alpine, Fedora and its kin, openSUSE, others. */
const STORES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

export interface SystemRoots {
  /** Absent: the system keeps none, or none that can be read, and the certificates are those that Node brings along. */
  readonly file?: string;
  /** PEM, each once. */
  readonly certificates: readonly string[];
}

/** The authorities that this system trusts, as programs that are given a file of authorities would find them without it. */
export function systemRoots(stores: readonly string[] = STORES): SystemRoots {
  for (const file of stores) {
    const certificates = readStore(file);
    if (certificates.length > 0) return { file, certificates };
  }
  return { certificates: rootCertificates };
}

function readStore(file: string): readonly string[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return []; // absent or closed to us: another one, or Node's
  }
  return [...new Set(text.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g))];
}
