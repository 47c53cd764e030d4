// Who has the disk and the log's files: nothing is signed of what a journal says was the newest head before it, so a head of a commit
// that failed may be named there. The module knows which one of that sequence it was shown.
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type CryptoClient, openCryptoClient } from '../../src/crypto/client/crypto-client.ts';
import type { InstanceConfig } from '../../src/deployment/instance.ts';
import { NO_HEAD } from '../../src/formats/named-head.ts';
import type { AuditLog } from '../../src/links/recorder/audit-log.ts';
import { openVerifiedRecords } from '../../src/service/verified-start.ts';
import { MemoryContent, openMemoryStore } from '../../src/store/memory/memory-store.fixture.ts';
import { StoreError } from '../../src/store/port.ts';

const config = { name: 'dev', resourceId: '/x' } as unknown as InstanceConfig;

test('a failed commit is not taken whose head the log names, by what it says of entries before it; one that was refused is not noted', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-shown-head-'));
  try {
    const options = { moduleFolder: join(folder, 'module'), partitions: 1 };
    const content = new MemoryContent();
    const refusals: string[] = [];
    let treeSize = 5;
    const audit = {
      countsEntries: true,
      lacking: async () => 0,
      tree: async () => ({ size: treeSize }),
      append: async (entry: string) =>
        void refusals.push((JSON.parse(entry) as { resultDescription: string }).resultDescription),
    } as unknown as AuditLog;
    const start = (crypto: CryptoClient, hash: string, store = openMemoryStore(content)) =>
      openVerifiedRecords(
        { audit, config },
        crypto,
        { store, apply: () => undefined },
        { sequence: 2, hash, entries: 1 },
      );
    const put = (name: string) => () => [{ name, value: Buffer.from(name) }];
    let failed: MemoryContent['rows'] = new Map();
    let whole = failed;
    let hash: string;
    {
      await using crypto = await openCryptoClient(options);
      await crypto.ceremony('provision', { instanceId: 'i', instanceName: 'i' });
      const store = openMemoryStore(content);
      await using records = await openVerifiedRecords(
        { audit, config },
        crypto,
        { store, apply: () => undefined },
        NO_HEAD,
      );
      await crypto.send('signCheckpoint', { size: treeSize, root: Buffer.alloc(32, 1) });
      await records.update(put('before'));
      failed = new Map(content.rows);
      const { commit } = store;
      store.commit = async (_, writes) => {
        for (const row of writes) failed.set(Buffer.from(row.key).toString('latin1'), row);
        throw new StoreError('Unavailable', 'the disk is full');
      };
      await assert.rejects(records.update(put('failed')), { code: 'Unavailable' });
      store.commit = commit;
      ({ hash } = await records.update(put('acknowledged')));
      whole = new Map(content.rows);
    }
    const holding = (rows: MemoryContent['rows']): void => {
      content.rows.clear();
      for (const [key, row] of rows) content.rows.set(key, row);
    };
    {
      await using crypto = await openCryptoClient(options);
      holding(failed);
      await assert.rejects(start(crypto, hash), { code: 'Refused', message: /than the one that the audit log names/ });
      await assert.rejects(start(crypto, ''), { code: 'Refused', message: /2 is another than the module was shown/ });
      assert.match(refusals.at(-1) ?? '', /another than the module was shown/);
    }
    rmSync(join(options.moduleFolder, 'head.sealed'));
    {
      // Of a module that remembers neither: what the log refuses it is not shown, be it for the head or for what is missing.
      await using crypto = await openCryptoClient(options);
      holding(failed);
      await assert.rejects(start(crypto, hash), { code: 'Refused' });
      treeSize = 0;
      await assert.rejects(start(crypto, ''), /log/);
      treeSize = 5;
      holding(whole);
      await using again = await start(crypto, hash);
      assert.equal(again.head.hash, hash);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});
