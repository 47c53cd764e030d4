import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { type Aliases, writeAliases } from '../deployment/aliases.ts';
import { AliasTable } from './alias-table.ts';

const root = mkdtempSync(join(tmpdir(), 'strongroom-test-'));
after(() => rmSync(root, { recursive: true }));
const to = (instance: string): Aliases[string] => ({ instance, since: '2026-11-25T08:00:00.000Z' });

test('an alias that no client could use leads nowhere and is not said to be answered, until it is covered and set again', async () => {
  let isCovered = false;
  const reports: string[] = [];
  const renewed: (readonly string[])[] = [];
  let settles = Promise.withResolvers<void>();
  await writeAliases(root, { early: to('east') });
  await using book: AliasTable = new AliasTable({
    root,
    refusal: (alias) => (alias === 'early' || isCovered ? undefined : `${alias} is not covered`),
    renew: (names) => {
      renewed.push(names);
      return Promise.resolve();
    },
    changed: () => {
      if ('good' in book.settled) settles.resolve();
    },
    report: (text) => reports.push(text),
  });
  assert.deepEqual([book.of('east'), book.refused], [['early'], {}]);
  isCovered = true;
  const set = { early: to('east'), good: to('east') };
  await writeAliases(root, set);
  await settles.promise;
  isCovered = false;

  // Told apart by what comes with it: only the alias that is not covered is left out.
  settles = Promise.withResolvers<void>();
  await writeAliases(root, { early: to('east'), good: to('west'), bad: to('west') });
  while (book.owner('bad') === undefined) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(book.refused, { good: 'good is not covered', bad: 'bad is not covered' });
  assert.deepEqual(book.leads, { early: 'east', good: '', bad: '' });
  assert.deepEqual([Object.keys(book.settled), book.of('west')], [['early'], []]);
  assert.equal(book.owner('bad'), 'west', 'the name is not free for an instance');
  assert.ok(reports.includes("aliases: 'bad' leads nowhere: bad is not covered"));

  isCovered = true;
  await writeAliases(root, { early: to('east'), good: to('west'), bad: to('west') });
  await settles.promise;
  assert.deepEqual(book.refused, {});
  assert.deepEqual(book.leads, { early: 'east', good: 'west', bad: 'west' });
  assert.deepEqual(renewed.at(-1), ['west']);
});

test('at the start, too, what is not covered is left out', async () => {
  await writeAliases(root, { early: to('east'), late: to('east') });
  await using book = new AliasTable({
    root,
    refusal: (alias) => (alias === 'late' ? 'not covered' : undefined),
    renew: () => Promise.resolve(),
    changed: () => {},
    report: () => {},
  });
  assert.deepEqual([book.of('east'), Object.keys(book.settled)], [['early'], ['early']]);
  assert.deepEqual([book.leads, book.refused], [{ early: 'east', late: '' }, { late: 'not covered' }]);
});
