// What is restored to be looked at stays as it was backed up: an instance that is thrown away does nothing by itself, however
// much is due. Else a rehearsal with an old backup would miss the keys whose retention has ended since.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startRunningInstance } from '../support/running-instance.ts';

const DAY = 86_400;

test('an instance that is thrown away neither purges nor rotates what is due; any other does', async () => {
  await using instance = await startRunningInstance();
  await instance.activate();
  for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) {
    await instance.assign(role, instance.administrator);
  }
  const ask = async (method: string, path: string, body?: object): Promise<{ readonly value: readonly unknown[] }> => {
    const token = await instance.adminToken();
    const reply = await instance.ask(method, `${path}?api-version=7.6`, {
      token,
      ...(body === undefined ? {} : { body }),
    });
    assert.ok(reply.status < 300, reply.text);
    return reply.json as { readonly value: readonly unknown[] };
  };
  const seen = async (): Promise<readonly number[]> => [
    (await ask('GET', '/keys/kept/versions')).value.length,
    (await ask('GET', '/deletedkeys')).value.length,
  ];
  for (const name of ['kept', 'gone']) await ask('POST', `/keys/${name}/create`, { kty: 'oct-HSM', key_size: 256 });
  await ask('PUT', '/keys/kept/rotationpolicy', {
    lifetimeActions: [{ trigger: { timeAfterCreate: 'P30D' }, action: { type: 'Rotate' } }],
  });
  await ask('DELETE', '/keys/gone');

  await instance.configure({ throwAway: true });
  await instance.restart();
  await ask('POST', '/strongroom/clock', { advanceSeconds: 100 * DAY });
  for (let looks = 0; looks < 20; looks++) assert.deepEqual(await seen(), [1, 1]);

  await instance.configure({ throwAway: undefined } as object);
  await instance.restart();
  for (const end = performance.now() + 90_000; ; ) {
    const [versions = 0, deleted] = await seen();
    if (versions > 1 && deleted === 0) return;
    assert.ok(performance.now() < end, `${versions} versions, ${deleted} deleted keys`);
  }
});
