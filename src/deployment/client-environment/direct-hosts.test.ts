import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azureNames, localNames } from '../name-forms.ts';
import { noProxyEntries, passedHost, splitDirect } from './direct-hosts.ts';

const azure = azureNames();
const local = localNames(8443);

test('what NO_PROXY had stays, in either spelling and with any separator, each once', () => {
  const entries = noProxyEntries({ NO_PROXY: 'corp.example, .internal', no_proxy: '.internal 10.0.0.0/8,,[::1]' });
  assert.deepEqual(entries, ['corp.example', '.internal', '10.0.0.0/8', '[::1]']);
  assert.deepEqual(splitDirect(entries, azure), { direct: ['127.0.0.1', ...entries], hiding: [] });
  assert.deepEqual(splitDirect(noProxyEntries({}), local), { direct: ['127.0.0.1'], hiding: [] });
});

test('no entry leads round the proxy where a name is answered here', () => {
  const hiding = [
    ...[
      '*',
      '.',
      'net',
      'azure.net',
      '.azure.net',
      '*.azure.net',
      'Managedhsm.Azure.Net',
      'dev.managedhsm.azure.net:443',
    ],
    ...[
      'vault.azure.net',
      'microsoftonline.com',
      'management.azure.com',
      'sts.windows.net',
      'microsoft.com',
      'soft.com',
    ],
  ];
  const stay = [
    'core.windows.net',
    'example.blob.core.windows.net',
    'localhost',
    'azure.net.example',
    'dev',
    '10.1.2.3',
  ];
  assert.deepEqual(splitDirect([...hiding, ...stay], azure), { direct: ['127.0.0.1', ...stay], hiding });
});

test('under the local names localhost itself has to go through the proxy, and Azure’s own names need not', () => {
  const { direct, hiding } = splitDirect(['localhost', 'login.localhost:8443', 'graph.microsoft.com'], local);
  assert.deepEqual(hiding, ['localhost', 'login.localhost:8443']);
  assert.deepEqual(direct, ['127.0.0.1', 'graph.microsoft.com']);
});

test('hosts are passed in the form that every client understands', () => {
  for (const [given, taken] of [
    ['PyPI.org', 'pypi.org'],
    ['*.example.com', '.example.com'],
    ['.example.com', '.example.com'],
    ['example.com:8443', 'example.com:8443'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['10.0.0.0/8', '10.0.0.0/8'],
    ['my_host', 'my_host'],
  ] as const) {
    assert.equal(passedHost(given), taken);
  }
  for (const no of [
    '',
    '*',
    '.',
    'https://pypi.org',
    'a b',
    'a,b',
    'a/b',
    '10.0.0.0/33',
    '10.0.0.0/8/8',
    "x'y",
    'a:b',
  ]) {
    assert.equal(passedHost(no), undefined, no);
  }
});
