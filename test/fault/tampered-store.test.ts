// Who can write the store's file can do nothing with it but destroy: whatever was edited, swapped, copied, removed or
// rolled back while the product was stopped, the instance refuses to serve it, says why, and puts the refusal on record.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { runIn } from '../conformance/run-in.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { CHECKOUT, cleanEnvironment, startProduct } from '../support/running-product.ts';
import { readAuditLog, verifyAuditLog } from './audit-log.ts';

let folder: string;
let data: string;
let token: string;
/** The store before the last changes, and after them. */
let older: string;
let newest: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strongroom-tamper-'));
  data = join(folder, 'data');
  older = join(folder, 'older');
  newest = join(folder, 'newest');
  for (const [copy, names] of [
    [older, ['a', 'b', 'c']],
    [newest, ['d']],
  ] as const) {
    await using product = await startProduct({ data });
    token = await dataPlaneToken(product, await product.environment());
    using client = instanceClient(product, token);
    for (const name of names) {
      const made = await client.ask('POST', `/keys/tamper-${name}/create`, { kty: 'oct-HSM' });
      assert.equal(made.status, 200, made.text);
    }
    const changed = await client.ask('PATCH', '/keys/tamper-a', { tags: { in: copy } });
    assert.equal(changed.status, 200, changed.text);
    assert.equal(await product.stop(), 0);
    await cp(places(data).instance('dev').store, copy, { recursive: true });
  }
});
after(() => rm(folder, { recursive: true, force: true }));

interface StoredRow {
  readonly id: number;
  readonly key: Uint8Array;
  readonly revision: number;
  readonly value: Uint8Array;
}

/** Runs statements on the store's file as someone would who has it. */
function onFile(change: (db: DatabaseSync, rows: readonly StoredRow[]) => void): void {
  const db = new DatabaseSync(join(places(data).instance('dev').store, 'store.db'));
  try {
    const rows = db.prepare('SELECT * FROM rows WHERE value IS NOT NULL ORDER BY id').all();
    assert.ok(rows.length > 5);
    change(db, rows as unknown as StoredRow[]);
  } finally {
    db.close();
  }
}

function at<T>(items: readonly T[], index: number): T {
  const item = items.at(index);
  if (item === undefined) throw new Error('there are too few');
  return item;
}

const tamperings: Readonly<Record<string, () => void | Promise<void>>> = {
  'a bit of a record is flipped': () =>
    onFile((db, rows) => {
      const row = at(rows, 3);
      const value = Buffer.from(row.value);
      value.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
      db.prepare('UPDATE rows SET value = ? WHERE id = ?').run(value, row.id);
    }),
  'two records are swapped': () =>
    onFile((db, rows) => {
      const set = db.prepare('UPDATE rows SET value = ?, revision = ? WHERE id = ?');
      const [a, b] = [at(rows, 2), at(rows, 3)];
      set.run(a.value, a.revision, b.id);
      set.run(b.value, b.revision, a.id);
    }),
  'a record is copied under another key': () =>
    onFile((db, rows) => {
      const row = at(rows, 2);
      const insert = db.prepare('INSERT INTO rows (key, revision, value) VALUES (?, ?, ?)');
      insert.run(randomBytes(32), row.revision, row.value);
    }),
  'a record is removed': () =>
    onFile((db, rows) => void db.prepare('DELETE FROM rows WHERE id = ?').run(at(rows, 3).id)),
  'a record is given another revision': () =>
    onFile((db, rows) => void db.prepare('UPDATE rows SET revision = revision + 1 WHERE id = ?').run(at(rows, 3).id)),
  'one record is rolled back to what it was': () => {
    const before = new DatabaseSync(join(older, 'store.db'));
    const old = before.prepare('SELECT * FROM rows WHERE value IS NOT NULL').all() as unknown as StoredRow[];
    before.close();
    onFile((db, rows) => {
      const changed = rows.filter((row) =>
        old.some(({ key, revision }) => Buffer.from(key).equals(row.key) && revision !== row.revision),
      );
      // The head changes with every commit; the key that was updated is the other one.
      assert.ok(changed.length >= 2);
      for (const row of changed.slice(0, 1)) {
        const was = old.find(({ key }) => Buffer.from(key).equals(row.key));
        assert.ok(was !== undefined);
        db.prepare('UPDATE rows SET value = ?, revision = ? WHERE id = ?').run(was.value, was.revision, row.id);
      }
    });
  },
  'the whole store is rolled back': () => putStore(older),
  'the store is emptied': () => onFile((db) => void db.exec('DELETE FROM rows')),
  'the file is cut': async () => {
    onFile((db) => void db.exec('PRAGMA wal_checkpoint(TRUNCATE)'));
    await truncate(join(places(data).instance('dev').store, 'store.db'), 8192);
  },
};

async function putStore(copy: string): Promise<void> {
  const store = places(data).instance('dev').store;
  await rm(store, { recursive: true });
  await cp(copy, store, { recursive: true });
}

for (const [what, tamper] of Object.entries(tamperings)) {
  test(`when ${what}, the instance is refused, with the reason shown and recorded`, async () => {
    await putStore(newest);
    await tamper();
    const before = readAuditLog(data).length;
    await using product = await startProduct({
      data,
      demo: false,
      until: ({ instances }) => instances['dev']?.activation === 'Failed',
    });
    const { message = '', port } = product.state.instances['dev'] ?? {};
    assert.equal(port, 0, 'it serves');
    assert.match(message, /store/);
    const status = await runIn(
      { cwd: data, env: cleanEnvironment() },
      join(CHECKOUT, 'strongroom'),
      ...['status', '--data', data],
    );
    assert.equal(status.code, 1);
    assert.ok(status.stdout.includes(message), status.stdout);
    await product.stop();
    const refusals = readAuditLog(data)
      .slice(before)
      .filter(({ operationName }) => operationName === 'StoreRefused');
    assert.ok(refusals.length > 0, 'it is not on record');
    assert.equal(refusals[0]?.resultType, 'Failed');
    assert.equal(refusals[0]?.resultDescription, message);
  });
}

test('with the true store again all is as it was, and the log with the refusals is whole', async () => {
  await putStore(newest);
  await using product = await startProduct({ data, demo: false });
  using client = instanceClient(product, token);
  const got = await client.ask('GET', '/keys/tamper-a');
  assert.deepEqual(got.json['tags'], { in: newest }, got.text);
  assert.equal((await client.ask('GET', '/keys/tamper-d')).status, 200);
  await product.stop();
  await verifyAuditLog(data);
});

describe('on a full disk', { skip: canMount() ? false : 'needs the right to mount a tmpfs (root)' }, () => {
  test('no change is acknowledged that is not kept, and with room again it goes on after a start', async () => {
    const disk = join(folder, 'disk');
    await mkdir(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', disk]);
    try {
      await using product = await startProduct({ data: join(disk, 'data') });
      const own = await dataPlaneToken(product, await product.environment());
      using client = instanceClient(product, own);
      const filler = join(disk, 'filler');
      spawnSync('dd', ['if=/dev/zero', `of=${filler}`, 'bs=4k'], { stdio: 'ignore' });
      const made: string[] = [];
      let refused = 0;
      for (let number = 0; number < 400 && refused < 5; number++) {
        const answer = await client.ask('POST', `/keys/full-${number}/create`, { kty: 'oct-HSM' });
        if (answer.status === 200) made.push(`/keys/full-${number}`);
        else {
          assert.equal(answer.status, 503, answer.text);
          refused++;
        }
      }
      assert.ok(refused > 0, 'the disk was not full');
      await rm(filler);
      await product.kill();
      await using again = await startProduct({ data: join(disk, 'data'), demo: false });
      using later = instanceClient(again, own);
      for (const path of made) assert.equal((await later.ask('GET', path)).status, 200, path);
      assert.equal((await later.ask('POST', '/keys/after/create', { kty: 'oct-HSM' })).status, 200);
      assert.equal(await again.stop(), 0);
      await verifyAuditLog(join(disk, 'data'));
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  });
});

function canMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  // In a mount namespace of its own, which ends with the program.
  const probe = spawnSync('unshare', ['-m', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
  return probe.status === 0;
}
