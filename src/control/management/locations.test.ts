import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readLocation } from './locations.ts';

test('a region is read in either spelling, the newer and the early ones too', () => {
  for (const [given, name] of [
    ['East US 2', 'eastus2'],
    ['eastus2', 'eastus2'],
    ['Central US EUAP', 'centraluseuap'],
    ['eastus2euap', 'eastus2euap'],
    ['Austria East', 'austriaeast'],
    ['belgiumcentral', 'belgiumcentral'],
    ['chilecentral', 'chilecentral'],
    ['Denmark East', 'denmarkeast'],
    ['australiacentral2', 'australiacentral2'],
    ['brazilsoutheast', 'brazilsoutheast'],
    ['jioindiawest', 'jioindiawest'],
    ['jioindiacentral', 'jioindiacentral'],
  ] as const) {
    assert.equal(readLocation(given), name);
  }
});

test('what is no region is refused, and the way to the list is said', () => {
  assert.throws(() => readLocation('testregion'), {
    code: 'LocationNotAvailableForResourceType',
    message: /list-locations/,
  });
});
