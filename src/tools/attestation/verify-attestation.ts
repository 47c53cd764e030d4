// Verifies a key attestation offline: chain, signatures, and that both statements are of one key. Shares nothing with the
// module that signs but the format. Takes what the service answers and what `az keyvault key get-attestation` saves.
import { verify, X509Certificate } from 'node:crypto';
import { fromBase64url } from '../../formats/base64url.ts';
import { publicKeyHash } from '../../formats/fingerprint.ts';
import { ATTESTATION_FORMAT, type KeyStatement, STATEMENT_TYPES } from '../../formats/key-attestation.ts';
import { orThrow, Refusal } from '../../formats/refusal.ts';

/**
 * @param trustedRoot the certificate whose key must have made the chain
 * @returns with the hash of the root's public key, and whether it is the one that was asked for; undefined when none was
 * @throws Refusal
 */
export function verifyAttestation(document: unknown, trustedRoot: X509Certificate | undefined) {
  const attestation = findAttestation(document);
  if (attestation['version'] !== ATTESTATION_FORMAT) {
    throw new Refusal(`the attestation is not of the format ${ATTESTATION_FORMAT}`);
  }
  const { leaf, root } = readChain(partOf(attestation, 'certificatePemFile').toString('latin1'));
  const statement = readStatement(partOf(attestation, 'privateKeyAttestation'), 'private', leaf);
  checkPublic(attestation, statement, leaf);
  checkSame(membersOf(membersOf(document)['key']), statement.key);
  const anchored = trustedRoot?.publicKey.equals(root.publicKey);
  if (anchored === false) throw new Refusal('the chain does not end at the root given');
  return { statement, root: publicKeyHash(root.publicKey), anchored };
}

/** A key bundle, or the attestation alone, its members named as on the wire or as the Python SDK names them. */
function findAttestation(document: unknown): Readonly<Record<string, unknown>> {
  const top = membersOf(document);
  const found = membersOf(membersOf(top['attributes'])['attestation'] ?? top['attestation'] ?? top);
  const camel = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return Object.fromEntries(Object.entries(found).map(([name, value]) => [camel(name), value]));
}

/** base64url, or the padded standard alphabet that az makes of it. */
function partOf(attestation: Readonly<Record<string, unknown>>, name: string): Buffer {
  const text = attestation[name];
  if (typeof text !== 'string' || text === '') throw new Refusal(`${name} is missing`);
  return orThrow(
    () => fromBase64url(text.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')),
    (cause) => new Refusal(`${name} is not base64`, { cause }),
  );
}

function readChain(pem: string): { readonly leaf: X509Certificate; readonly root: X509Certificate } {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length !== 2) throw new Refusal('the chain is not two certificates');
  const [leaf, root] = orThrow(
    () => blocks.map((block) => new X509Certificate(block)) as [X509Certificate, X509Certificate],
    (cause) => new Refusal('a certificate of the chain does not read', { cause }),
  );
  const whole =
    root.ca && !leaf.ca && root.verify(root.publicKey) && leaf.checkIssued(root) && leaf.verify(root.publicKey);
  if (!whole) throw new Refusal('the chain is broken: the second certificate did not issue the first');
  return { leaf, root };
}

function readStatement<K extends KeyStatement['statement']>(
  jws: Buffer,
  kind: K,
  leaf: X509Certificate,
): Extract<KeyStatement, { statement: K }> {
  const [header = '', payload = '', signature = '', spare] = jws.toString('latin1').split('.');
  const read = (part: string) => membersOf(JSON.parse(fromBase64url(part).toString('utf8')));
  const [{ alg, typ, crit }, statement, signed] = orThrow(
    () => {
      const input = Buffer.from(`${header}.${payload}`, 'latin1');
      const isSigned = spare === undefined && verify('sha256', input, leaf.publicKey, fromBase64url(signature));
      return [read(header), read(payload), isSigned] as const;
    },
    (cause) => new Refusal(`the ${kind} statement does not read`, { cause }),
  );
  if (alg !== 'RS256' || typ !== STATEMENT_TYPES[kind] || crit !== undefined) {
    throw new Refusal(`the ${kind} statement is something else`);
  }
  if (!signed) throw new Refusal(`the signature of the ${kind} statement is not valid`);
  if (statement['format'] !== ATTESTATION_FORMAT || statement['statement'] !== kind) {
    throw new Refusal(`the ${kind} statement is something else`);
  }
  return statement as unknown as Extract<KeyStatement, { statement: K }>;
}

/** Symmetric keys have no public part; all others must have one, of the same key. */
function checkPublic(
  attestation: Readonly<Record<string, unknown>>,
  { key, instance }: KeyStatement,
  leaf: X509Certificate,
): void {
  const present = typeof attestation['publicKeyAttestation'] === 'string' && attestation['publicKeyAttestation'] !== '';
  if (key['kty'] === 'oct-HSM') {
    if (present) throw new Refusal('a symmetric key has no public statement');
    return;
  }
  const shown = readStatement(partOf(attestation, 'publicKeyAttestation'), 'public', leaf);
  if (JSON.stringify(shown.key) !== JSON.stringify(key) || shown.instance.id !== instance.id) {
    throw new Refusal('the two statements are of different keys');
  }
}

function checkSame(shown: Readonly<Record<string, unknown>>, signed: KeyStatement['key']): void {
  const other = 'the key shown beside the attestation is another one';
  for (const member of ['n', 'e', 'crv', 'x', 'y', 'pub']) {
    if (shown[member] !== undefined && shown[member] !== signed[member]) {
      throw new Refusal(`${other}: member ${member} differs`);
    }
  }
  const { kid } = shown;
  if (typeof kid === 'string' && !kid.endsWith(`/keys/${signed['name']}/${signed['version']}`)) {
    throw new Refusal(`${other}: its kid differs`);
  }
}

function membersOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
