import assert from 'node:assert/strict';
import { test } from 'node:test';
import { apiVersionRank, apiVersions, hasVersion, isKnownApiVersion } from './api-version.ts';

test('versions are ordered as they were published', () => {
  const ordered = [
    '2016-10-01',
    '7.0',
    '7.2-preview',
    '7.2',
    '7.5-preview.1',
    '7.5',
    '7.6-preview.2',
    '7.6',
    '2025-06-01-preview',
    '2025-07-01',
    '2026-04-01',
  ];
  const published = apiVersions.map(({ version }) => version);
  assert.deepEqual(
    published.toSorted((a, b) => apiVersionRank(a) - apiVersionRank(b)),
    published,
  );
  for (let i = 1; i < ordered.length; i++) {
    assert.ok(apiVersionRank(ordered[i - 1] as string) < apiVersionRank(ordered[i] as string), ordered[i] ?? '');
  }
});

test('a feature since a preview is absent before it and present from it on', () => {
  assert.equal(hasVersion('7.5', '7.6-preview.2'), false);
  assert.equal(hasVersion('7.6-preview.1', '7.6-preview.2'), false);
  assert.equal(hasVersion('7.6-preview.2', '7.6-preview.2'), true);
  assert.equal(hasVersion('2025-07-01', '7.6-preview.2'), true);
  assert.equal(hasVersion('7.0', undefined), true);
  assert.equal(hasVersion('2016-10-01', '7.2'), false);
  assert.equal(hasVersion('7.4', '7.3', '7.4'), true);
  assert.equal(hasVersion('7.5-preview.1', '7.3', '7.4'), false);
});

test('what was never published is not known', () => {
  for (const version of [
    '',
    '7',
    '7.9',
    '8.0',
    '7.1-preview',
    '7.6-preview.0',
    '2016-10-02',
    '2016-10-01-preview',
    '2025-07-01-preview',
    '7.6 ',
    '../7.6',
  ]) {
    assert.equal(isKnownApiVersion(version), false, version);
  }
  for (const version of ['7.6-preview.2', '7.5-preview.1', '2025-07-01'])
    assert.equal(isKnownApiVersion(version), true, version);
});
