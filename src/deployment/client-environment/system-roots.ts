// The authorities that this system trusts, as programs that are given a file of authorities would find them without it.
import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';

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
