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
  const control = await issueServer(authority, CONTROL_NAMES, now);
  for (const name of CONTROL_NAMES) {
    const certificate = new X509Certificate(control.certificate);
    const matched = /^[\d.:]+$/.test(name) ? certificate.checkIP(name) : certificate.checkHost(name);
    assert.ok(matched !== undefined, name);
  }
  assert.ok(await tlsAccepts(control, 'login.microsoftonline.com'));
  const instance = await issueServer(authority, instanceNames('Fin-Prod'), now);
  assert.ok(await tlsAccepts(instance, 'fin-prod.managedhsm.azure.net'));
  assert.ok(await tlsAccepts(instance, 'fin-prod.managedhsm.localhost'));
});

test('a certificate of the authority for any other name is refused', async () => {
  for (const name of ['bank.example', 'azure.net.evil.example', 'notazure.net', 'github.com']) {
    assert.equal(await tlsAccepts(await issueServer(authority, [name], now), name), false, name);
  }
  const mixed = await issueServer(authority, ['arm.localhost', 'bank.example'], now);
  assert.equal(await tlsAccepts(mixed, 'arm.localhost'), false, 'not even beside a permitted one');
});

test('openssl agrees, strictly, about names and addresses', async () => {
  const verify = async (names: readonly string[]): Promise<string> => {
    const path = join(folder, 'leaf.pem');
    writeFileSync(path, (await issueServer(authority, names, now)).certificate);
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
  assert.ok(await issueServer(made, ['localhost'], now));
});
