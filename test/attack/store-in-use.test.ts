// Who owns the files of the store works on them while the instance serves: nothing is answered on what they made of it.
import assert from 'node:assert/strict';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { startRunningInstance } from '../support/running-instance.ts';

const attacks: readonly (readonly [does: string, run: (file: string) => Promise<void>])[] = [
  [
    'adds a trigger that undoes what is written',
    async (file) => {
      using db = new DatabaseSync(file);
      db.exec('CREATE TRIGGER t AFTER INSERT ON rows BEGIN DELETE FROM rows WHERE id = new.id; END');
    },
  ],
  [
    'puts a view in place of the table',
    async (file) => {
      using db = new DatabaseSync(file);
      db.exec('ALTER TABLE rows RENAME TO other; CREATE VIEW rows AS SELECT * FROM other');
    },
  ],
  ['empties the file', (file) => truncate(file)],
  ['empties the log of the file', (file) => truncate(`${file}-wal`)],
];

for (const [does, run] of attacks) {
  test(`who ${does} has no change answered, and nothing after it`, async () => {
    await using instance = await startRunningInstance();
    assert.equal((await instance.activate()).status, 202);
    await instance.assign('Managed HSM Crypto User', instance.administrator, '/keys');
    const token = await instance.adminToken();
    const create = (name: string) =>
      instance.ask('POST', `/keys/${name}/create?api-version=7.6`, { token, body: { kty: 'EC-HSM', crv: 'P-256' } });
    assert.equal((await create('before')).status, 200);
    await run(join(instance.folder, 'instances', 'test', 'store', 'store.db'));
    const refused = await create('after');
    assert.equal(refused.status, 503, refused.text);
    assert.equal((await instance.ask('GET', '/keys/before?api-version=7.6', { token })).status, 503);
  });
}
