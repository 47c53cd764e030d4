// The requests to OpenBao's transit engine that do the work of ours, and how their answers are checked.
import { createHash, createPublicKey, type KeyObject, randomBytes, verify as verifySignature } from 'node:crypto';
import { at, type Prepared, variants } from '../operations.ts';
import type { Hsm } from '../product/hsm.ts';
import type { PeerOperation } from './peers.ts';

export async function prepareTransit(service: Hsm, operation: PeerOperation): Promise<Prepared> {
  switch (operation) {
    case 'rs256':
      return signing(await publicKey(service, 'rsa'), 'rsa', { signature_algorithm: 'pkcs1v15' });
    case 'es256':
      return signing(await publicKey(service, 'ec'), 'ec', { marshaling_algorithm: 'jws' });
    case 'a256gcm':
      return encrypting(service);
    case 'keyget':
      return {
        requests: [{ method: 'GET', path: '/v1/transit/keys/rsa' }],
        check: (_request, answer) => textAt(answer, 'data', 'keys', '1', 'public_key').includes('PUBLIC KEY'),
      };
  }
}

async function publicKey(service: Hsm, name: string): Promise<KeyObject> {
  const answer = await service.ask('GET', `/v1/transit/keys/${name}`);
  return createPublicKey(textAt(answer, 'data', 'keys', '1', 'public_key'));
}

function signing(key: KeyObject, name: string, how: Readonly<Record<string, string>>): Prepared {
  const messages = variants(() => randomBytes(48));
  return {
    requests: messages.map((message) => ({
      method: 'POST',
      path: `/v1/transit/sign/${name}`,
      body: {
        input: createHash('sha256').update(message).digest('base64'),
        prehashed: true,
        hash_algorithm: 'sha2-256',
        ...how,
      },
    })),
    check: (request, answer) =>
      verifySignature(
        'sha256',
        at(messages, request),
        { key, dsaEncoding: 'ieee-p1363' },
        // Base64 and base64url: Node reads either.
        Buffer.from(textAt(answer, 'data', 'signature').replace(/^vault:v1:/, ''), 'base64'),
      ),
  };
}

function encrypting(service: Hsm): Prepared {
  const plain = variants(() => randomBytes(32).toString('base64'));
  const seen = new Set<string>();
  return {
    requests: plain.map((plaintext) => ({ method: 'POST', path: '/v1/transit/encrypt/oct', body: { plaintext } })),
    async check(request, answer) {
      const ciphertext = textAt(answer, 'data', 'ciphertext');
      if (seen.has(ciphertext)) return false;
      seen.add(ciphertext);
      const opened = await service.ask('POST', '/v1/transit/decrypt/oct', { ciphertext });
      return textAt(opened, 'data', 'plaintext') === at(plain, request);
    },
  };
}

/** Empty where there is none, which no check takes for right. */
export function textAt(value: unknown, ...members: readonly string[]): string {
  let found = value;
  for (const member of members) found = typeof found === 'object' && found !== null ? Reflect.get(found, member) : '';
  return typeof found === 'string' ? found : '';
}
