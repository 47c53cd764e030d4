import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, it } from 'node:test';
import { openRenewal, readTlsFiles } from './renewal.ts';
import type { TlsFiles } from './server-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'renewal-'));
after(() => rmSync(folder, { recursive: true }));

it('takes up replaced files once, keeps what it has while they do not fit, and says so once', () => {
  const paths = { key: join(folder, 'key.pem'), certificate: join(folder, 'certificate.pem') };
  writeFileSync(paths.key, 'key 1');
  writeFileSync(paths.certificate, 'certificate 1');
  const taken: TlsFiles[] = [];
  const reported: string[] = [];
  using renewal = openRenewal(
    paths,
    readTlsFiles(paths),
    (files) => {
      if (files.key.at(-1) !== files.certificate.at(-1)) throw new Error('they do not belong together');
      taken.push(files);
    },
    (error) => reported.push(String(error)),
  );
  assert.equal(renewal.look(), false);
  writeFileSync(paths.key, 'key 2');
  // Half of the replacement is there.
  assert.equal(renewal.look(), false);
  assert.equal(renewal.look(), false);
  assert.deepEqual(reported, ['Error: they do not belong together']);
  writeFileSync(paths.certificate, 'certificate 2');
  assert.equal(renewal.look(), true);
  assert.equal(renewal.look(), false);
  assert.deepEqual(taken, [{ key: 'key 2', certificate: 'certificate 2' }]);
});

it('follows links that are made to lead elsewhere, and reports files that are gone', () => {
  const paths = { key: join(folder, 'live-key'), certificate: join(folder, 'live-certificate') };
  const lead = (generation: number): void => {
    for (const [name, path] of Object.entries(paths)) {
      writeFileSync(join(folder, `${name}.${generation}`), `${name} ${generation}`);
      rmSync(path, { force: true });
      symlinkSync(join(folder, `${name}.${generation}`), path);
    }
  };
  lead(1);
  const reported: unknown[] = [];
  let key = '';
  using renewal = openRenewal(
    paths,
    readTlsFiles(paths),
    (files) => {
      key = files.key;
    },
    (error) => reported.push(error),
  );
  lead(2);
  assert.equal(renewal.look(), true);
  assert.equal(key, 'key 2');
  rmSync(paths.key);
  assert.equal(renewal.look(), false);
  assert.equal(renewal.look(), false);
  assert.equal(reported.length, 1);
});
