import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readGrantHeaders } from './grant-headers.ts';
import { ServiceError } from './service-error.ts';

const encoded = (text: string): string => Buffer.from(text, 'utf8').toString('base64url');

test('any text travels in the user agent, among whatever else is there', () => {
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 });
  fc.assert(
    fc.property(text, text, (reason, expires) => {
      const agent = `AZURECLI/2.74.0 (DEB) strongroom-reason/${encoded(reason)} strongroom-expires/${encoded(expires)}`;
      assert.deepEqual(readGrantHeaders({ 'user-agent': agent }), { reason, expires });
    }),
  );
});

test('a header goes before the user agent, and is UTF-8', () => {
  const header = Buffer.from('für', 'utf8').toString('latin1');
  const grantHeaders = readGrantHeaders({
    'x-strongroom-reason': header,
    'user-agent': `a strongroom-reason/${encoded('b')}`,
  });
  assert.deepEqual(grantHeaders, { reason: 'für' });
  assert.deepEqual(readGrantHeaders({ 'user-agent': 'not-strongroom-reason/YQ' }), {});
  assert.deepEqual(readGrantHeaders({}), {});
});

test('what does not read is refused, never passed over', () => {
  for (const headers of [
    { 'user-agent': 'a strongroom-reason/YQ==' },
    { 'user-agent': 'a strongroom-reason/YR' },
    { 'user-agent': 'a strongroom-reason/_w' },
    { 'user-agent': 'a strongroom-reason/YQ strongroom-reason/Yg' },
    { 'x-strongroom-expires': '\u00ff' },
  ]) {
    assert.throws(() => readGrantHeaders(headers), ServiceError, JSON.stringify(headers));
  }
  const twice = `a strongroom-reason/YQ strongroom-reason/YQ`;
  assert.deepEqual(readGrantHeaders({ 'user-agent': twice }), { reason: 'a' }, 'clients repeat what they are told');
});
