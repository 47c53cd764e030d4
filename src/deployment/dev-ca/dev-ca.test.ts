import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { connect, createServer } from 'node:tls';
import { issueServer, PERMITTED_DOMAINS } from './issue.ts';
import { CONTROL_NAMES, ensureServerCertificate, instanceNames, openAuthority } from './kept.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(folder, { recursive: true }));
const now = new Date();
const DAY_MS = 86_400_000;
const authority = await openAuthority(join(folder, 'ca'), now);

/** The names a TLS client accepts from a server with this certificate. */
async function tlsAccepts(issued: { key: string; certificate: string }, servername: string): Promise<boolean> {
  const server = createServer({ key: issued.key, cert: issued.certificate }, (socket) => socket.end());
  server.on('tlsClientError', () => {}); // the refusal, seen from the other side
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const socket = connect({ port, host: '127.0.0.1', servername, ca: authority.certificate });
  try {
    await once(socket, 'secureConnect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
    server.close();
  }
}

test('clients accept control and instances under every name they answer to', async () => {
  const control = issueServer(authority, CONTROL_NAMES, now);
  for (const name of CONTROL_NAMES) {
    const certificate = new X509Certificate(control.certificate);
    const matched = /^[\d.:]+$/.test(name) ? certificate.checkIP(name) : certificate.checkHost(name);
    assert.ok(matched !== undefined, name);
  }
  assert.ok(await tlsAccepts(control, 'login.microsoftonline.com'));
  const instance = issueServer(authority, instanceNames('Fin-Prod'), now);
  assert.ok(await tlsAccepts(instance, 'fin-prod.managedhsm.azure.net'));
  assert.ok(await tlsAccepts(instance, 'fin-prod.managedhsm.localhost'));
});

test('a certificate of the authority for any other name is refused', async () => {
  for (const name of ['bank.example', 'azure.net.evil.example', 'notazure.net', 'github.com']) {
    assert.equal(await tlsAccepts(issueServer(authority, [name], now), name), false, name);
  }
  const mixed = issueServer(authority, ['arm.localhost', 'bank.example'], now);
  assert.equal(await tlsAccepts(mixed, 'arm.localhost'), false, 'not even beside a permitted one');
});

test('openssl agrees, strictly, about names and addresses', async () => {
  const verify = async (names: readonly string[]): Promise<string> => {
    const path = join(folder, 'leaf.pem');
    writeFileSync(path, issueServer(authority, names, now).certificate);
    try {
      const args = ['verify', '-x509_strict', '-CAfile', join(folder, 'ca', 'ca.pem'), path];
      return execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
    } catch (error) {
      return String((error as { stderr: Buffer }).stderr);
    }
  };
  assert.match(await verify(CONTROL_NAMES), /: OK/);
  assert.match(await verify(instanceNames('dev')), /: OK/);
  assert.match(await verify(['bank.example']), /permitted subtree violation/);
  assert.match(await verify(['127.0.0.2']), /permitted subtree violation/);
  assert.match(await verify(['10.0.0.1']), /permitted subtree violation/);
});

test('the authority can issue no further authority, and says what it is', () => {
  const text = execFileSync('openssl', ['x509', '-noout', '-text', '-in', join(folder, 'ca', 'ca.pem')]).toString();
  assert.match(text, /Basic Constraints: critical\n\s+CA:TRUE, pathlen:0/);
  assert.match(text, /Name Constraints: critical/);
  assert.match(text, /Development only/);
  for (const domain of PERMITTED_DOMAINS) assert.ok(text.includes(`DNS:${domain}`), domain);
});

test('keys are for their owner only, and everything is kept until it runs out', async () => {
  const at = { key: join(folder, 'leaf', 'key.pem'), certificate: join(folder, 'leaf', 'certificate.pem') };
  assert.equal(await ensureServerCertificate(authority, at, instanceNames('dev'), now), true);
  assert.equal(statSync(at.key).mode & 0o777, 0o600);
  assert.equal(statSync(join(folder, 'ca', 'ca-key.pem')).mode & 0o777, 0o600);
  const first = readFileSync(at.certificate, 'utf8');
  assert.equal(await ensureServerCertificate(authority, at, instanceNames('dev'), now), false);
  assert.equal(readFileSync(at.certificate, 'utf8'), first);
  assert.deepEqual(await openAuthority(join(folder, 'ca'), now), authority);

  const nextYear = new Date(now.getTime() + 370 * DAY_MS);
  assert.equal(await ensureServerCertificate(authority, at, instanceNames('dev'), nextYear), true, 'near its end');
  assert.equal(await ensureServerCertificate(authority, at, instanceNames('other'), nextYear), true, 'for other names');
  writeFileSync(at.key, authority.key);
  assert.equal(await ensureServerCertificate(authority, at, instanceNames('other'), nextYear), true, 'not its key');
});

test('a new authority replaces the certificates of the old one', async () => {
  const ca = join(folder, 'aging');
  const at = { key: join(folder, 'aging-leaf', 'key.pem'), certificate: join(folder, 'aging-leaf', 'certificate.pem') };
  const old = await openAuthority(ca, now);
  await ensureServerCertificate(old, at, instanceNames('dev'), now);
  const later = new Date(now.getTime() + (5 * 365 - 30) * DAY_MS);
  const renewed = await openAuthority(ca, later);
  assert.notEqual(renewed.certificate, old.certificate);
  assert.equal(await ensureServerCertificate(renewed, at, instanceNames('dev'), later), true);
});

test('an authority whose certificate is missing is made anew, key included', async () => {
  const ca = join(folder, 'torn');
  const old = await openAuthority(ca, now);
  rmSync(join(ca, 'ca.pem'));
  const made = await openAuthority(ca, now);
  assert.notEqual(made.key, old.key);
  assert.ok(issueServer(made, ['localhost'], now));
});

/** As the library wrote it that earlier releases used: the names in another order and form. */
const EARLIER = `-----BEGIN CERTIFICATE-----
MIIClzCCAj2gAwIBAgIRAO7374cPJwPOL0dvOyQ7TcUwCgYIKoZIzj0EAwIwRjEp
MCcGA1UEAxMgU3Ryb25ncm9vbSBkZXZlbG9wbWVudCBhdXRob3JpdHkxGTAXBgNV
BAoTEERldmVsb3BtZW50IG9ubHkwHhcNMjYxMTI2MDAwMDAwWhcNMzExMTI2MDAw
MDAwWjBGMSkwJwYDVQQDEyBTdHJvbmdyb29tIGRldmVsb3BtZW50IGF1dGhvcml0
eTEZMBcGA1UEChMQRGV2ZWxvcG1lbnQgb25seTBZMBMGByqGSM49AgEGCCqGSM49
AwEHA0IABMC5+AGXADB8T2nQ2preUR51ne+sC7heUfn8myQY3YTQs5+gqDARZtGQ
j/iap0pjg9czaauqcWsiM1WUBXwXWLujggEKMIIBBjASBgNVHRMBAf8ECDAGAQH/
AgEAMA4GA1UdDwEB/wQEAwIBBjCBnwYDVR0eAQH/BIGUMIGRoIGOMAuCCWF6dXJl
Lm5ldDALgglhenVyZS5jb20wFYITbWljcm9zb2Z0b25saW5lLmNvbTAPgg1taWNy
b3NvZnQuY29tMA2CC3dpbmRvd3MubmV0MAuCCWxvY2FsaG9zdDAKhwh/AAAB////
/zAihyAAAAAAAAAAAAAAAAAAAAAB/////////////////////zAdBgNVHQ4EFgQU
v2Dz/GsvhERmmAenYn/4Tx/d514wHwYDVR0jBBgwFoAUv2Dz/GsvhERmmAenYn/4
Tx/d514wCgYIKoZIzj0EAwIDSAAwRQIhAJn8lOZLOPK28DZBpFnlXQA9iHHgtK0G
VOjHtMSmvYEVAiAKYpyQW09sips32g79Mg7qgNBuLlyIURP/hWpjXqa7Lw==
-----END CERTIFICATE-----`;

test('an authority of an earlier release issues on', () => {
  const earlier = new X509Certificate(EARLIER);
  const now = earlier.validFromDate;
  // The key of another: what is compared here are names, key identifiers and times.
  const { certificate } = issueServer({ key: authority.key, certificate: EARLIER }, ['localhost'], now);
  const issued = new X509Certificate(certificate);
  assert.ok(issued.checkIssued(earlier));
  assert.equal(issued.issuer, earlier.subject);
  assert.equal(issued.checkIssued(new X509Certificate(authority.certificate)), false);
});
