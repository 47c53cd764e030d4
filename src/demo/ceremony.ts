// The activation ceremony with generated custodians: three key pairs, any two of which open the security domain. The
// private keys stay on this machine, which is why it is for development only.
import { createHash, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '../files/durable-file.ts';
import { makePrivateFolder } from '../files/private-folder.ts';
import { readHolder } from '../tools/custodian/holder.ts';
import { runKeygen } from '../tools/custodian/keygen.ts';
import { domainHash } from '../tools/custodian/own-share.ts';
import { acknowledge } from '../tools/custodian/packets.ts';
import { call, memberAt, poll } from './call.ts';

const NAMES = ['custodian-1', 'custodian-2', 'custodian-3'];
const REQUIRED = 2;
const API_VERSION = '7.5';

const README = `# For development only

These are the key pairs of the three custodians of the instance \`dev\` and its security domain. Any two of the keys open
it, and with it every key of the instance. On a real HSM each custodian makes a key pair on a machine of their own, gives
away the certificate only, and nobody ever has two of the keys in one place.

In this folder, with the program of the checkout:

    CHECKOUT/strongroom custodian open dev-security-domain.json --key custodian-1.pem --key custodian-3.pem

Its \`log key\` is what \`./strongroom audit verify --key\` takes.
`;

/** Makes what is missing; key pairs that exist are kept. */
export async function ensureCustodians(
  folder: string,
): Promise<{ readonly made: number; readonly certificates: readonly X509Certificate[] }> {
  let made = 0;
  makePrivateFolder(folder);
  await replaceFile(join(folder, 'README.md'), README);
  for (const name of NAMES) {
    const files = ['.pem', '.cer'].map((extension) => join(folder, name + extension));
    if (files.every((file) => existsSync(file))) continue;
    // One without the other was left by a crash and belongs to no ceremony.
    for (const file of files) rmSync(file, { force: true });
    await runKeygen({ out: folder, name, days: 3650, bits: 2048 });
    made += 1;
  }
  const certificates = NAMES.map((name) => new X509Certificate(readFileSync(join(folder, `${name}.cer`))));
  return { made, certificates };
}

export async function downloadSecurityDomain(
  instance: string,
  token: string,
  custodians: readonly X509Certificate[],
  folder: string,
): Promise<void> {
  const base = `${instance}/securitydomain/download`;
  const { body } = await call(token, 'POST', `${base}?api-version=${API_VERSION}`, [202], {
    certificates: custodians.map(asJwk),
    required: REQUIRED,
  });
  const document = memberAt(body, 'value');
  if (typeof document !== 'string') throw new Error('the answer holds no security domain');
  await replaceFile(domainFile(folder), document);
  const pending = await poll(
    () => call(token, 'GET', `${base}/pending?api-version=${API_VERSION}`, [200]),
    ({ body }) => memberAt(body, 'status') !== 'InProgress',
  );
  if (memberAt(pending.body, 'status') !== 'Success') {
    throw new Error(`the download did not succeed: ${JSON.stringify(pending.body)}`);
  }
}

/**
 * Has every custodian show that their share opens: before, nobody knows whether the instance could be recovered.
 * @returns how many have; those of another file than the one kept here are left to themselves
 */
export async function acknowledgeShares(instance: string, token: string, folder: string): Promise<number> {
  const register = `${instance}/securitydomain/custodians`;
  const document = readFileSync(domainFile(folder), 'utf8');
  const { body } = await call(token, 'GET', `${register}?api-version=${API_VERSION}`, [200]);
  if (memberAt(body, 'domain') !== domainHash(document)) return 0;
  for (const name of NAMES) {
    const holder = await readHolder({
      key: join(folder, `${name}.pem`),
      passphraseOf: (key) => Promise.reject(new Error(`${key} was generated without a passphrase, and has one now`)),
    });
    const packet = JSON.parse(acknowledge(document, { holder, at: new Date() })) as unknown;
    await call(token, 'POST', `${register}/packets?api-version=${API_VERSION}`, [200], { packet });
  }
  return NAMES.length;
}

export function hasSecurityDomain(folder: string): boolean {
  return existsSync(domainFile(folder));
}

function domainFile(folder: string): string {
  return join(folder, 'dev-security-domain.json');
}

function asJwk(certificate: X509Certificate): Readonly<Record<string, unknown>> {
  const { n, e } = certificate.publicKey.export({ format: 'jwk' });
  const hash = (algorithm: string): string => createHash(algorithm).update(certificate.raw).digest('base64url');
  return {
    kty: 'RSA',
    alg: 'RSA-OAEP-256',
    key_ops: ['verify', 'encrypt', 'wrapKey'],
    n,
    e,
    x5c: [certificate.raw.toString('base64')],
    x5t: hash('sha1'),
    'x5t#S256': hash('sha256'),
  };
}
