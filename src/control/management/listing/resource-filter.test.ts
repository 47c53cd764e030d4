import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ControlError } from '../../../http/control-row.ts';
import { type Listed, readResourceFilter } from './resource-filter.ts';

const HSM = 'Microsoft.KeyVault/managedHSMs';
const listed = (name: string, more: Partial<Listed> = {}): Listed => ({
  ...{ name, type: HSM, location: 'eastus2', resourceGroup: 'Keys', tags: {} },
  ...more,
});
const ALL = [
  listed('Fin-Prod', { tags: { team: 'and finance', cost: '1' } }),
  listed('fin-test', { resourceGroup: 'Test', location: 'local' }),
  listed('door', { type: 'Microsoft.Network/privateEndpoints', tags: { team: "o'neil" } }),
];
const found = (filter: string | null): string =>
  ALL.filter(readResourceFilter(filter))
    .map(({ name }) => name)
    .join(' ');

test('what a filter says of names, types, groups, locations and tags is compared without regard to case', () => {
  for (const [filter, names] of [
    [null, 'Fin-Prod fin-test door'],
    [' ', 'Fin-Prod fin-test door'],
    [`resourceType eq '${HSM.toLowerCase()}'`, 'Fin-Prod fin-test'],
    ["resourceType eq 'Microsoft.KeyVault/vaults'", ''],
    ["resourceGroup eq 'keys' AND name ne 'door'", 'Fin-Prod'],
    ["location eq 'LOCAL'", 'fin-test'],
    ["substringof('FIN', name)", 'Fin-Prod fin-test'],
    ["tagname eq 'Team'", 'Fin-Prod door'],
    ["tagname eq 'team' and tagvalue eq 'and finance'", 'Fin-Prod'],
    ["tagname eq 'team' and tagvalue eq '1'", ''],
    ["tagvalue eq 'o''neil'", 'door'],
    ["startswith(tagname, 'co')", 'Fin-Prod'],
  ] as const) {
    assert.equal(found(filter), names, String(filter));
  }
});

test('a filter that is not understood is refused, never answered with more than was asked for', () => {
  for (const filter of [
    "name eq 'a' or name eq 'b'",
    "name eq 'a' '",
    "name eq 'a",
    'name eq a',
    "tagname eq 'team' and tagname eq 'cost'",
    "name eq 'a' and ",
    "kind eq 'x'",
    "(name eq 'a')",
    `name eq '${'x'.repeat(2_000)}'`,
  ]) {
    assert.throws(
      () => readResourceFilter(filter),
      (error) => error instanceof ControlError && error.code === 'InvalidFilterInQueryString',
      filter,
    );
  }
});
