import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Change, Head, Records } from '../../src/store/sealed/records.ts';
import { groupedRecords } from './grouped-records.ts';

function recordsIn(commits: string[][]): Records {
  const head = (): Head => ({ sequence: commits.length, hash: '' });
  return {
    get head() {
      return head();
    },
    refresh: () => undefined,
    async update(plan) {
      const changes = plan();
      commits.push(changes.map(({ name }) => name));
      return head();
    },
    async [Symbol.asyncDispose]() {},
  };
}

function change(name: string): readonly Change[] {
  return [{ name, value: new Uint8Array() }];
}

test('what is asked for together is committed together, and what comes meanwhile with the next commit', async () => {
  const commits: string[][] = [];
  const records = groupedRecords(recordsIn(commits));
  let late: Promise<Head> | undefined;
  const first = records.update(() => {
    late = records.update(() => change('late'));
    return change('a');
  });
  const heads = await Promise.all([first, records.update(() => change('b'))]);
  assert.deepEqual([heads.map(({ sequence }) => sequence), (await late)?.sequence], [[1, 1], 2]);
  assert.deepEqual(commits, [['a', 'b'], ['late']]);
});

test('a plan that refuses fails its group, and the next group is committed', async () => {
  const commits: string[][] = [];
  const records = groupedRecords(recordsIn(commits));
  const refusing = records.update(() => {
    throw new Error('no');
  });
  await Promise.all([
    assert.rejects(refusing, /no/),
    assert.rejects(
      records.update(() => change('a')),
      /no/,
    ),
  ]);
  await records.update(() => change('b'));
  assert.deepEqual(commits, [['b']]);
});
