import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { makeOperatorAuthority } from '../../../test/support/operator-authority.ts';
import { listen } from '../listener.ts';
import { checkClientAuthorities } from './client-authorities.ts';
import { tlsOptions } from './server-options.ts';

const [one, other] = [await makeOperatorAuthority(), await makeOperatorAuthority()];
const leaf = await one.issue(['localhost']);
const NONE = /there is no certificate in PEM form among the authorities of clients/;

test('one authority, several, and words between them', () => {
  checkClientAuthorities(one.certificate);
  checkClientAuthorities(`# the first\n${one.certificate}\n# the second\n${other.certificate}`);
});

test('none, one that is cut off, and one that is something else are refused before TLS sees them', () => {
  for (const empty of ['', '\n', '# later']) {
    assert.throws(() => tlsOptions({ ...leaf, clientAuthorities: empty }), NONE);
  }
  assert.throws(() => checkClientAuthorities(one.certificate.slice(0, -20)), NONE);
  assert.throws(() => checkClientAuthorities(other.certificate + one.certificate.slice(0, -20)), /is cut off/);
  assert.throws(() => checkClientAuthorities(other.certificate + leaf.key), /number 2 of the .* is no certificate/);
  const broken = one.certificate.replace(/\n[A-Za-z0-9+/]{20}/, '\n');
  assert.throws(() => checkClientAuthorities(broken + other.certificate), /number 1 of the .* is no certificate/);
});

test('a replacement without authorities is refused, and those of before go on', async () => {
  const options = { host: '127.0.0.1', port: 0, shared: false, ...leaf, clientAuthorities: one.certificate };
  await using listener = await listen(options, ({ response }) => void response.end('in'));
  assert.throws(() => listener.renew({ ...leaf, clientAuthorities: '' }), NONE);
  const answer = async (authority: typeof one): Promise<string> => {
    const { key, certificate: cert } = await authority.issueClient('client');
    const socket = connect({ host: '127.0.0.1', port: listener.port, key, cert, rejectUnauthorized: false });
    socket.on('error', () => undefined); // a refusal is one, for some
    let text = '';
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1');
    });
    socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
    await new Promise<void>((resolve) => socket.once('close', () => resolve()));
    return text;
  };
  assert.match(await answer(one), /in/);
  assert.equal(await answer(other), '');
});
