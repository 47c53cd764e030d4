// For tests: an issuer of our own with real keys, and a real HTTPS server that publishes them. The certificate library
// needs its polyfill loaded first.
import 'reflect-metadata';
import { createPublicKey, generateKeyPairSync, type KeyObject, webcrypto } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import * as x509 from '@peculiar/x509';
import { CompactSign } from 'jose';
import { takeRsaKey } from '../../../test/support/test-keys.ts';

export const TENANT = '11111111-2222-4333-8444-555555555555';
export const OID = 'aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee';
export const AUDIENCE = 'https://managedhsm.example';
export const ISSUER = `https://sts.example/${TENANT}/`;
/** Unix seconds at which tests begin. */
export const START = 1_800_000_000;

export interface KeyPair {
  readonly kid: string;
  readonly alg: string;
  readonly privateKey: KeyObject;
  readonly jwk: Readonly<Record<string, unknown>>;
}

export function rsaKey(kid: string, alg = 'RS256', modulusLength = 2048): KeyPair {
  const privateKey = modulusLength === 2048 ? takeRsaKey() : generateKeyPairSync('rsa', { modulusLength }).privateKey;
  return { kid, alg, privateKey, jwk: { ...createPublicKey(privateKey).export({ format: 'jwk' }), kid, use: 'sig' } };
}

export function ecKey(kid: string, namedCurve = 'P-256', alg = 'ES256'): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { kid, alg, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid, use: 'sig' } };
}

export function claims(changes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const all: Record<string, unknown> = {
    iss: ISSUER,
    aud: AUDIENCE,
    tid: TENANT,
    oid: OID,
    nbf: START - 10,
    iat: START - 10,
    exp: START + 3600,
    ...changes,
  };
  for (const [name, value] of Object.entries(all)) if (value === undefined) delete all[name];
  return all;
}

export async function sign(
  pair: KeyPair,
  payload: Readonly<Record<string, unknown>> = claims(),
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> {
  return new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg: pair.alg, kid: pair.kid, typ: 'JWT', ...header })
    .sign(pair.privateKey);
}

export interface JwksServer extends AsyncDisposable {
  readonly uri: string;
  readonly ca: string;
  /** Requests served so far. */
  readonly served: number;
  /** `hang`: headers are sent, and then nothing more. */
  answer: { status: number; body: string; hang?: true };
}

/** Serves `keys` at https://localhost:{port}/keys with a certificate of its own. */
export async function serveJwks(keys: readonly KeyPair[]): Promise<JwksServer> {
  const { key, certificate } = await selfSigned();
  let served = 0;
  const server: Server = createServer({ key, cert: certificate }, (_request, response) => {
    served += 1;
    response.writeHead(jwks.answer.status, { 'content-type': 'application/json' });
    if (jwks.answer.hang) response.flushHeaders();
    else response.end(jwks.answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const jwks: JwksServer = {
    uri: `https://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    ca: certificate,
    get served() {
      return served;
    },
    answer: { status: 200, body: jwkSet(keys) },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
  return jwks;
}

export function jwkSet(keys: readonly KeyPair[]): string {
  return JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
}

async function selfSigned(): Promise<{ key: string; certificate: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=issuer of a test',
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 3_600_000),
    signingAlgorithm: algorithm,
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }]),
    ],
  });
  const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64');
  return {
    key: `-----BEGIN PRIVATE KEY-----\n${pkcs8.match(/.{1,64}/g)?.join('\n')}\n-----END PRIVATE KEY-----\n`,
    certificate: certificate.toString('pem'),
  };
}
