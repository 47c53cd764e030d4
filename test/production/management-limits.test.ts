// What callers of a production deployment's resource manager may cost.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ARM, ARM_AUDIENCE, ask, connectTo, makeSite } from '../support/running-production.ts';

test('the configured limits hold for the resource manager, by the address that the client comes from', async () => {
  await using site = await makeSite();
  await site.write({
    ...site.config,
    limits: { strangers: { burst: 3, perSecond: 1 }, principals: { burst: 20, perSecond: 1 } },
  });
  await using _ = await site.start();
  const url = `https://${ARM}/subscriptions?api-version=2022-12-01`;
  const from = async (localAddress: string, token?: string) =>
    ask(site, 'GET', url, {
      socket: await connectTo(site, ARM, { localAddress }),
      headers: { connection: 'close' },
      ...(token === undefined ? {} : { token }),
    });
  // At the steady rate it would take more than a minute until all of these are let through.
  const flood = async (localAddress: string, token?: string) =>
    Promise.all(Array.from({ length: 90 }, () => from(localAddress, token)));

  const strangers = await flood('127.0.0.2');
  assert.ok(strangers.filter(({ status }) => status === 401).length >= 3);
  const refused = strangers.find(({ status }) => status === 429);
  assert.match(String(refused?.headers['retry-after']), /^\d+$/);
  assert.equal((refused?.json as { error: { code: string } }).error.code, 'TooManyRequests');
  assert.equal((await from('127.0.0.3')).status, 401, 'another address has a share of its own');

  const token = await site.issuer.token(site.owner, { aud: ARM_AUDIENCE, idtyp: 'user' });
  assert.equal((await from('127.0.0.2', token)).status, 200, 'whoever has a token is no stranger');
  assert.ok((await flood('127.0.0.4', token)).some(({ status }) => status === 429));
});
