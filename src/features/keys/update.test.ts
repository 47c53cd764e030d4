import assert from 'node:assert/strict';
import { test } from 'node:test';
import { feeding } from '../../store/sealed/follow-records.ts';
import type { Change, Commit } from '../../store/sealed/records.ts';
import type { KeyMaking } from './add-version.ts';
import { KeyIndex } from './key-index.ts';
import { type KeyVersion, keyChange } from './key-version.ts';
import { type UpdateKey, updateKey } from './update.ts';

const made: KeyVersion = {
  name: 'k',
  version: '1'.padStart(32, '0'),
  ordinal: 1,
  kty: 'RSA-HSM',
  keyOps: ['sign', 'verify'],
  publicKey: { kty: 'RSA-HSM', n: 'AQAB', e: 'AQAB' },
  attributes: { enabled: true, exportable: false, created: 1, updated: 1 },
  blob: Buffer.from('sealed'),
  blobId: 'first',
};
const NOTHING: UpdateKey = { attributes: {}, tags: undefined, keyOps: undefined, releasePolicy: undefined };

/** @param meanwhile called while the module seals a key again */
function open(meanwhile: (change: (key: Partial<KeyVersion>) => void) => void = () => undefined) {
  const keys = new KeyIndex();
  const commits: (readonly Change[])[] = [];
  const asked: string[] = [];
  const put = (change: Change): void => feeding(keys.follows)(change);
  put(keyChange(made));
  const find = (): KeyVersion => keys.find('k') ?? assert.fail('there is no key');
  const commit: Commit = async (plan) => {
    const changes = plan();
    commits.push(changes);
    changes.forEach(put);
    return { sequence: commits.length, hash: '' };
  };
  const service = {
    now: () => 9,
    limits: { keys: 9, versions: 9, tags: 15 },
    randomHex: () => String(asked.length),
    crypto: {
      async send(_: 'rebindKey', { blob }: { blob: Uint8Array }) {
        asked.push(Buffer.from(blob).toString());
        meanwhile((key) => put(keyChange({ ...find(), ...key })));
        return { blob: Buffer.from(`sealed ${asked.length}`) };
      },
    },
  } as unknown as KeyMaking;
  const update = (change: Partial<UpdateKey>) => updateKey(find, { ...NOTHING, ...change }, commit, service);
  return { update, find, commits, asked };
}

test('what the module has no part in is planned without it', async () => {
  const { update, find, asked } = open();
  const { before, key } = await update({ tags: { a: '1' } });
  assert.deepEqual([before.tags, key.tags?.['a'], find().tags?.['a']], [undefined, '1', '1']);
  assert.deepEqual([find().attributes.updated, asked], [9, []]);
});

test('other operations have the key sealed again, once', async () => {
  const { update, find, asked, commits } = open();
  await update({ keyOps: ['sign'], tags: { a: '1' } });
  assert.deepEqual([find().keyOps, find().blob.toString(), find().tags?.['a']], [['sign'], 'sealed 1', '1']);
  assert.deepEqual([asked, commits.length], [['sealed'], 1]);
});

test('one that was changed meanwhile is sealed again as it is then, and nothing of either change is lost', async () => {
  let left = 2;
  const { update, find, asked, commits } = open((change) => {
    if (left > 0) {
      change({ blob: Buffer.from(`other ${left}`), blobId: `other ${left}`, tags: { other: String(left) } });
    }
    left -= 1;
  });
  const { before, key } = await update({ keyOps: ['sign'] });
  assert.deepEqual(asked, ['sealed', 'other 2', 'other 1']);
  for (const { tags } of [before, key, find()]) assert.equal(tags?.['other'], '1');
  assert.deepEqual([find().blob.toString(), find().keyOps, commits.length], ['sealed 3', ['sign'], 1]);
});

test('one whose tags are changed again and again, but not what it is sealed to, is sealed once', async () => {
  const { update, find, asked } = open((change) => change({ tags: { other: '1' } }));
  await update({ keyOps: ['sign'] });
  assert.deepEqual([find().keyOps, find().tags?.['other'], asked], [['sign'], '1', ['sealed']]);
});

test('many at once are sealed one after the other, each once, on what the one before has left', async () => {
  const { update, find, asked } = open();
  const ops = [['sign'], ['verify'], ['sign', 'verify']];
  await Promise.all(Array.from({ length: 60 }, (_, n) => update({ keyOps: ops[n % 3] ?? [], tags: { n: String(n) } })));
  assert.deepEqual([asked.length, new Set(asked).size], [60, 60]);
  assert.deepEqual([find().keyOps, find().tags?.['n']], [['sign', 'verify'], '59']);
});

test('one that is sealed anew elsewhere at every attempt is a conflict', async () => {
  let turn = 0;
  const { update, find, commits } = open((change) => {
    turn += 1;
    change({ blobId: `other ${turn}` });
  });
  await assert.rejects(update({ keyOps: ['sign'] }), { name: 'ServiceError', code: 'Conflict' });
  assert.deepEqual([find().keyOps, commits, turn], [made.keyOps, [], 8]);
});
