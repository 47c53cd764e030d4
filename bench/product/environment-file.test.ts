import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEnvironment } from './environment-file.ts';

test('exported values are read with either kind of quotes or none, and nothing else is', () => {
  const text = [
    '# comment',
    "export AZURE_CLIENT_ID='a b'",
    'export AZURE_TENANT_ID="t"',
    'export AZURE_MANAGEDHSM_URI=https://dev.managedhsm.azure.net',
    'AZURE_CLIENT_SECRET=not exported',
    'export PATH="$HOME/bin"',
  ].join('\n');
  assert.deepEqual(
    [...parseEnvironment(text)],
    [
      ['AZURE_CLIENT_ID', 'a b'],
      ['AZURE_TENANT_ID', 't'],
      ['AZURE_MANAGEDHSM_URI', 'https://dev.managedhsm.azure.net'],
    ],
  );
});
