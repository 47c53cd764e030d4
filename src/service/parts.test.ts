// Every kind of record: a whole one of each is read, and one with a member too many, too few or of another type is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreError } from '../store/port.ts';
import { findingKind, travelling } from '../store/sealed/follow-records.ts';
import type { RecordKind } from '../store/sealed/record-kind.ts';
import { parts } from './parts.ts';

const { kinds: recordKinds } = parts;

const GUID = '0f0f0f0f-0000-4000-8000-000000000001';
const HASH = 'a'.repeat(43);
const AT = '2026-01-01T00:00:00.000Z';
const VERSION = '1'.repeat(32);
const rehearsal = {
  format: 'strongroom rehearsal 1',
  depth: 'reachability',
  verdict: 'failed',
  startedAt: AT,
  finishedAt: AT,
  instance: 'a',
  domainFingerprint: '0'.repeat(64),
  domain: HASH,
  required: 2,
  custodians: [],
  steps: [],
  problems: [{ kind: 'custodian', name: 'a', problem: 'p', next: 'n' }],
  challenge: HASH,
};

/** With every member that there can be. */
const samples: Readonly<Record<string, readonly [id: string, value: object | string]>> = {
  'key/': [
    `a/${VERSION}`,
    {
      name: 'A',
      version: VERSION,
      ordinal: 1,
      kty: 'EC-HSM',
      keyOps: ['sign'],
      publicKey: { kty: 'EC-HSM', crv: 'P-256', x: 'AA', y: 'AA' },
      attributes: { enabled: true, nbf: 1, exp: 2, exportable: true, created: 1, updated: 1 },
      tags: { a: 'b' },
      releasePolicy: { contentType: 'application/json', data: 'e30', immutable: true, fromCreation: true },
      provenance: { source: 'plain-jwk', at: 1, by: GUID, authorisedBy: GUID },
      blob: 'AA',
      blobId: 'x',
    },
  ],
  'deleted-key/': ['a', { name: 'A', deletedDate: 1, scheduledPurgeDate: 2 }],
  'rotation-policy/': [
    'a',
    {
      lifetimeActions: [{ type: 'Rotate', trigger: 'timeAfterCreate', time: 'P30D' }],
      expiryTime: 'P60D',
      created: 1,
      updated: 1,
    },
  ],
  'role-definition/': [
    GUID,
    {
      roleName: 'r',
      description: '',
      permissions: [{ dataActions: ['Microsoft.KeyVault/managedHsm/rng/action'], notDataActions: [] }],
    },
  ],
  'role-assignment/': [GUID, { scope: '/keys/a', definition: GUID, principalId: GUID, expiresAt: 1, reason: 'why' }],
  'release/authority/': ['a', { authority: 'https://a', keys: { kind: 'fetched', ca: 'PEM' } }],
  'setting/': ['StrongroomMaxKeys', '9'],
  'event-told/': ['a', { newVersion: 1, nearExpiry: 'x:1', expired: 'x:1' }],
  'events-since': ['', { since: 1 }],
  'approvals/': [
    GUID,
    {
      request: { operation: 'separateDuties' },
      requester: { oid: GUID, upn: 'a' },
      requestedAt: 1,
      expiresAt: 2,
      reason: 'why',
      state: 'approved',
      decision: { by: { oid: GUID }, at: 1, reason: 'r', grant: GUID, principalId: GUID },
    },
  ],
  promises: ['', { retentionDays: 7, purgeProtection: true, profile: 'dev', separation: 'azure' }],
  'module-state': ['', { generation: 1 }],
  'untouched-recovery': ['', { since: 1 }],
  clock: ['', { offset: 1 }],
  'security-domain': [
    '',
    {
      required: 2,
      thumbprints: [HASH],
      downloadedAt: AT,
      downloadedBy: GUID,
      uploadedAt: AT,
      uploadedBy: GUID,
      uploadedDigest: HASH,
      replacedAt: AT,
      replacedBy: GUID,
    },
  ],
  'security-domain-begun': ['', { kind: 'download', by: GUID, at: AT, custody: { required: 2, thumbprints: [HASH] } }],
  'custodians/': [
    HASH,
    {
      since: AT,
      share: 1,
      subject: 'a',
      name: 'a',
      contact: 'c',
      proven: { domain: HASH, at: AT },
      answered: AT,
      handover: { at: AT, note: 'n', to: HASH },
      handedOver: AT,
      leaving: { at: AT },
      left: AT,
    },
  ],
  'custodians-domain': [
    '',
    { at: AT, by: 'download', required: 2, thumbprints: [HASH], domain: HASH, proofHashes: [HASH] },
  ],
  'custodian-challenges/': [HASH, { madeAt: AT, expires: AT, madeBy: GUID, answers: [{ custodian: HASH, at: AT }] }],
  'rehearsals/': ['a', { filedAt: AT, filedBy: GUID, record: JSON.stringify(rehearsal), note: 'n' }],
  'rehearsal-told': ['', { reachability: AT, full: AT }],
  'ceremonies/': [GUID, { kind: 'activation', at: AT, by: GUID, report: HASH, domain: HASH, note: 'n' }],
  'backup-job/': [
    VERSION,
    {
      kind: 'backup',
      status: 'Failed',
      statusDetails: '',
      startTime: 1,
      endTime: 2,
      error: { code: 'c', message: 'm' },
      malformed: false,
      folderUri: 'file:///x',
      writing: 'file:///y',
      startedBy: GUID,
      worker: 'w',
    },
  ],
};

function bytesOf(value: unknown): Buffer {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value), 'utf8');
}

function refuses(kind: RecordKind, id: string, value: unknown, what: string): void {
  const isDamaged = (error: unknown): boolean => error instanceof StoreError && error.code === 'Damaged';
  assert.throws(() => kind.read(id, bytesOf(value)), isDamaged, `${kind.of}: ${what}`);
}

/** The value with one thing in it otherwise than it has to be: at every place where there are members. */
function* spoilt(value: object, path = ''): Generator<readonly [what: string, value: object]> {
  // Which names tags have is free.
  if (path !== '.tags') yield [`${path} has more`, { ...value, more: 1 }];
  for (const [name, member] of Object.entries(value)) {
    const at = `${path}.${name}`;
    for (const other of [{ x: 1 }, [[]], 0.5]) yield [`${at} is ${JSON.stringify(other)}`, { ...value, [name]: other }];
    if (typeof member !== 'object' || member === null || Array.isArray(member)) continue;
    for (const [what, changed] of spoilt(member as object, at)) yield [what, { ...value, [name]: changed }];
  }
}

for (const kind of recordKinds) {
  test(`a record of the kind ${kind.of} is read as it was written, and nothing else`, () => {
    const [id, sample] = samples[kind.of] ?? ['', ''];
    assert.deepEqual(JSON.parse(JSON.stringify(kind.put(id, kind.read(id, bytesOf(sample))).name)), kind.of + id);
    refuses(kind, id, '', 'nothing');
    if (typeof sample === 'string') {
      assert.equal(kind.read(id, bytesOf(sample)), sample);
      refuses(kind, id, 'x', 'a value that it does not take');
      return;
    }
    assert.deepEqual(JSON.parse(JSON.stringify(kind.read(id, bytesOf(sample)))), sample);
    const required = kind.members.filter((name) => !name.endsWith('?'));
    assert.deepEqual(
      kind.members.map((name) => name.replace('?', '')).sort(),
      Object.keys(sample).sort(),
      'the sample has every member',
    );
    for (const name of required) {
      const { [name]: _, ...rest } = sample as Record<string, unknown>;
      if (kind.of === 'promises' && name === 'separation') continue;
      refuses(kind, id, rest, `without ${name}`);
    }
    for (const [what, value] of spoilt(sample)) refuses(kind, id, value, what);
    for (const hidden of kind.hides ?? []) assert.ok(kind.members.some((name) => name.replace('?', '') === hidden));
  });
}

test('every kind has one sample, and one name that no other kind has', () => {
  assert.deepEqual(Object.keys(samples).sort(), recordKinds.map(({ of }) => of).sort());
  const find = findingKind(recordKinds);
  for (const kind of recordKinds) assert.equal(find(kind.of.endsWith('/') ? `${kind.of}x` : kind.of), kind);
});

test('a kind that nobody knows stays, as does an address that another instance would be told of keys at', () => {
  const travels = travelling(recordKinds);
  assert.deepEqual(
    ['something-new/x', 'setting/other', 'setting/StrongroomEventWebhook', 'key/x/1', 'promises'].map(travels),
    ['stays', 'text', 'stays', 'key', 'stays'],
  );
});

test('what was promised before there were modes is read as it was meant', () => {
  const instancePolicy = recordKinds.find(({ of }) => of === 'promises');
  const before = { retentionDays: 7, purgeProtection: true, profile: 'production' };
  assert.deepEqual(instancePolicy?.read('', bytesOf(before)), { ...before, separation: 'azure' });
});
