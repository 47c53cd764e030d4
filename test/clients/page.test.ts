// The page of the clients and the tier are about the same ones, and what a run tried is printed.
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { CHECKOUT } from '../support/running-product.ts';
import { clientsFolder } from './folder.ts';
import { CLIENTS } from './manifest.ts';

test('the page has a row for each client, in order', () => {
  const [page = ''] = readFileSync(join(CHECKOUT, 'docs/reference/clients.md'), 'utf8').split('\n## ');
  const rows = [...page.matchAll(/^\| ([^|]+) \|/gm)].map(([, name]) => name);
  assert.deepEqual(rows, ['client', '---', ...CLIENTS.map(({ name }) => name)]);
});

test('what is installed is told with its versions', (context) => {
  const versions = join(clientsFolder(), 'versions');
  for (const name of existsSync(versions) ? readdirSync(versions) : []) {
    const lines = readFileSync(join(versions, name), 'utf8').trim().split('\n');
    for (const line of lines) {
      assert.match(line, /^[\w.:@/-]+==v?\d/, `${name} says: ${line}`);
      context.diagnostic(line);
    }
  }
});
