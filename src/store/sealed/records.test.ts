// Sealed records with the real module process and a real file.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, it } from 'node:test';
import type { CryptoClient } from '../../crypto/client/crypto-client.ts';
import { openCryptoClient } from '../../crypto/client/crypto-client.ts';
import type { Store } from '../port.ts';
import { makeSqlitePlace } from '../sqlite/sqlite-place.fixture.ts';
import { openRecords } from './open-records.ts';
import { moduleSealer } from './records.ts';

function openOver(store: Store, client: CryptoClient, held = new Map<string, string>()) {
  return openRecords({
    store,
    sealer: moduleSealer(client),
    apply: ({ name, value }) => held.set(name, Buffer.from(value ?? []).toString()),
    newestHeadInLog: 0,
    headSeenByModule: client.hello.headSequence,
  });
}

it('a partition that stands still holds nothing for longer than a second: another one is asked', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const asked: PromiseWithResolvers<unknown>[] = [];
  const send = () => {
    const answer = Promise.withResolvers<unknown>();
    asked.push(answer);
    return answer.promise;
  };
  const sealer = moduleSealer({ send } as unknown as CryptoClient);
  const sealed = sealer.seal('x', 1, Buffer.from('x'));
  t.mock.timers.tick(999);
  assert.equal(asked.length, 1);
  t.mock.timers.tick(1);
  assert.equal(asked.length, 2);
  const answer = { key: Buffer.from('key'), sealed: Buffer.from('sealed') };
  asked[1]?.resolve(answer);
  assert.equal(await sealed, answer);
  // Nobody waits for it any more.
  asked[0]?.reject(new Error('it was ended'));
  const refused = sealer.noteHead(1, answer.key, answer.sealed);
  asked[2]?.reject(new Error('refused'));
  await assert.rejects(refused, /refused/);
  t.mock.timers.tick(60_000);
  assert.equal(asked.length, 3);
});

describe('sealed records with the real module', () => {
  it('come back after a restart of it, unreadable in the file and refused when edited, foreign or rolled back', async () => {
    await using place = await makeSqlitePlace();
    const moduleFolder = join(place.folder, 'module');
    const options = { moduleFolder, partitions: 2 };
    const names = Array.from({ length: 1200 }, (_, n) => `keys/name-in-clear-${n}`);
    {
      await using client = await openCryptoClient(options);
      await client.ceremony('provision', { instanceId: 'store-test', instanceName: 'store-test' });
      await using store = await place.open();
      await using records = await openOver(store, client);
      await records.update(() => names.map((name) => ({ name, value: Buffer.from(`value-in-clear of ${name}`) })));
      await records.update(() => [{ name: 'keys/name-in-clear-0', value: null }]);
    }
    const bytes = await readFile(place.file);
    assert.ok(bytes.length > 100_000);
    assert.ok(!bytes.includes('in-clear'));

    await using client = await openCryptoClient(options);
    assert.equal(client.hello.headSequence, 2);
    {
      await using store = await place.open();
      const held = new Map<string, string>();
      await using records = await openOver(store, client, held);
      assert.equal(records.head.sequence, 2);
      assert.equal(held.size, 1199);
      assert.equal(held.get('keys/name-in-clear-7'), 'value-in-clear of keys/name-in-clear-7');
    }
    {
      await using other = await openCryptoClient({ moduleFolder: join(place.folder, 'other'), partitions: 1 });
      await other.ceremony('provision', { instanceId: 'other-test', instanceName: 'other-test' });
      await using store = await place.open();
      await assert.rejects(openOver(store, other), { code: 'Refused', message: /and \d+ more rows do not open/ });
    }
    using db = new DatabaseSync(place.file);
    db.exec('UPDATE rows SET value = zeroblob(length(value)) WHERE id = 17');
    {
      await using store = await place.open();
      await assert.rejects(openOver(store, client), { code: 'Refused', message: /was edited/ });
    }
    db.exec('DELETE FROM rows');
    await using store = await place.open();
    await assert.rejects(openOver(store, client), {
      code: 'Refused',
      message: /is empty, while 2 was seen by the module/,
    });
  });
});
