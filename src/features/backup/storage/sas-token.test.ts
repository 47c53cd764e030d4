import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import fc from 'fast-check';
import { StorageError } from './port.ts';
import { readSasToken, whyRefused } from './sas-token.ts';

const SIGNATURE = `${'secretsignature'.padEnd(43, 'A')}%3D`;
const CONTAINER = `sv=2024-11-04&st=2026-01-01T00%3A00%3A00Z&se=2026-01-02T00:00:00Z&sr=c&sp=racwdl&sig=${SIGNATURE}`;
const ACCOUNT = `sv=2024-11-04&ss=b&srt=co&spr=https&se=2026-01-02T00:00:00Z&sp=rwdlac&sig=${SIGNATURE}`;
const BY_POLICY = `sv=2024-11-04&sr=c&si=backups&sig=${SIGNATURE}`;

test('tokens of a container, of an account and of a stored policy are read, with or without question mark', () => {
  assert.equal(readSasToken(`?${CONTAINER}`).text, CONTAINER);
  assert.deepEqual(
    { ...readSasToken(CONTAINER), text: '' },
    { text: '', startsAt: Date.UTC(2026, 0, 1), expiresAt: Date.UTC(2026, 0, 2), permissions: 'racwdl' },
  );
  assert.deepEqual(readSasToken(ACCOUNT).permissions, 'rwdlac');
  assert.deepEqual(readSasToken(BY_POLICY), { text: BY_POLICY });
});

const WRONG: readonly (readonly [string, RegExp])[] = [
  ['', /is empty/],
  ['hello', /^The customer provided SAS token is malformed\. The SAS token does not contain the expiry field$/],
  ['hello&se=2026-01-02', /is not of the form/],
  [CONTAINER.replace('&sp=racwdl', ''), /has no member 'sp'/],
  [CONTAINER.replace('&se=2026-01-02T00:00:00Z', ''), /does not contain the expiry field/],
  [CONTAINER.replace('sv=2024-11-04&', ''), /has no member 'sv'/],
  [CONTAINER.replace(/&sig=.*/, ''), /has no member 'sig'/],
  [CONTAINER.replace(/sig=.*/, 'sig=short'), /'sig' that is no signature/],
  [CONTAINER.replace('sr=c', 'sr=b'), /is not for a container/],
  [CONTAINER.replace('2026-01-02', 'soon'), /'se' that is no time/],
  [`${CONTAINER}&sp=r`, /its member 'sp' twice/],
  [`${CONTAINER}&comp=list`, /a member that SAS tokens do not have/],
  [`${CONTAINER}&restype=container`, /a member that SAS tokens do not have/],
  [CONTAINER.replace('racwdl', '%zz'), /percent-encoded/],
  [`${CONTAINER}\r\nhost: evil`, /characters that no token has/],
  [ACCOUNT.replace('ss=b', 'ss=q'), /is not for blobs/],
  [ACCOUNT.replace('srt=co', 'srt=s'), /is not for containers and objects/],
  ['A'.repeat(5000), /too long/],
];

test('what is no token is refused with what is wrong with it, and never shown', () => {
  for (const [text, reason] of WRONG) {
    assert.throws(
      () => readSasToken(text),
      (error) => {
        assert.ok(error instanceof StorageError && error.code === 'Malformed', text);
        assert.match(error.message, reason);
        assert.ok(!inspect(error, { depth: 9, showHidden: true }).includes('secretsignature'));
        return true;
      },
    );
  }
});

test('no text ends in another error or in a request that is not a token', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map((rest) => CONTAINER + rest),
      ),
      (text) => {
        try {
          assert.ok(new URLSearchParams(readSasToken(text).text).has('sig'));
        } catch (error) {
          assert.ok(error instanceof StorageError && error.code === 'Malformed');
        }
      },
    ),
  );
});

test('a token tells why a service may refuse it', () => {
  const token = readSasToken(CONTAINER);
  assert.match(whyRefused(token, Date.UTC(2026, 0, 2)) ?? '', /expired at 2026-01-02T00:00:00\.000Z/);
  assert.match(whyRefused(token, Date.UTC(2025, 0, 2)) ?? '', /not valid before 2026-01-01/);
  assert.equal(whyRefused(token, Date.UTC(2026, 0, 1, 12)), undefined);
  assert.equal(whyRefused(readSasToken(BY_POLICY), 0), undefined);
});
