import assert from 'node:assert/strict';
import { test } from 'node:test';
import { areaOf, checkImports } from './imports.ts';
import { fakeTree } from './tree.ts';

function findings(file: string, text: string, others: Record<string, string> = {}): string[] {
  return checkImports(fakeTree({ ...others, [file]: text })).map(
    (problem) => `${problem.file}:${problem.line ?? 0} ${problem.what}`,
  );
}

test('an import that goes down passes', () => {
  const found = findings('src/features/keys/create.ts', "import { x } from '../../formats/x.ts';", {
    'src/formats/x.ts': '',
  });
  assert.deepEqual(found, []);
});

test('an import that goes up is refused with the line and the reason', () => {
  const found = findings('src/formats/x.ts', "// first\nimport { c } from '../service/pipeline/pipeline.ts';", {
    'src/service/pipeline/pipeline.ts': '',
  });
  assert.equal(found.length, 1);
  assert.match(
    found[0] ?? '',
    /^src\/formats\/x\.ts:2 src\/formats\/ must not import src\/service\/pipeline\/pipeline\.ts: .*pure bytes/,
  );
});

test('the key-holding process can reach neither network nor child processes, not even as a type or a dynamic import', () => {
  for (const line of [
    "import net from 'node:net';",
    "import type { Socket } from 'node:net';",
    "const net = await import('node:net');",
    "export { connect } from 'node:net';",
    "import { spawn } from 'node:child_process';",
    "import { Worker } from 'node:worker_threads';",
    "import * as jose from 'jose';",
    "import { x } from '../../features/keys/create.ts';",
  ]) {
    const others = { 'src/features/keys/create.ts': '' };
    assert.equal(findings('src/module/dispatch.ts', line, others).length, 1, line);
    assert.equal(
      findings('src/crypto/engines/software/rsa.ts', line.replace('../../', '../../../'), others).length,
      1,
      line,
    );
  }
});

test('what the key-holding process takes of the files of others reaches no more than it may', () => {
  for (const line of ["import { DatabaseSync } from 'node:sqlite';", "import { lockFile } from './file-lock.ts';"]) {
    const others = { 'src/files/file-lock.ts': '' };
    assert.equal(findings('src/files/durable-file.ts', line, others).length, 1, line);
    assert.equal(findings('src/files/durable-file-sync.ts', line, others).length, 1, line);
    assert.deepEqual(findings('src/files/data-lock.ts', line, others), []);
  }
});

test('what serves keys reaches nothing of a ceremony, which reaches all of it', () => {
  const others = { 'src/module/ceremony/make-seal.ts': '', 'src/module/seal-key.ts': '' };
  const line = "import { m } from './ceremony/make-seal.ts';";
  assert.equal(findings('src/module/key-module.ts', line, others).length, 1);
  assert.deepEqual(findings('src/module/key-module.test.ts', line, others), []);
  assert.deepEqual(findings('src/module/ceremony/main.ts', "import { s } from '../seal-key.ts';", others), []);
});

test('only the one binding file loads native code', () => {
  const text = "const koffi = require('koffi');";
  assert.deepEqual(findings('src/crypto/engines/software/libcrypto.ts', text), []);
  assert.equal(findings('src/crypto/engines/software/rsa.ts', text).length, 1);
  assert.deepEqual(findings('src/crypto/engines/software/libcrypto.ts', "import koffi from 'koffi';"), []);
  assert.equal(findings('src/module/dispatch.ts', "import koffi from 'koffi';").length, 1);
  assert.equal(findings('src/features/keys/create.ts', "import koffi from 'koffi';").length, 1);
});

test('the management plane reaches no data-plane feature', () => {
  const others = { 'src/features/keys/create.ts': '' };
  assert.equal(
    findings('src/control/management/put.ts', "import { c } from '../../features/keys/create.ts';", others).length,
    1,
  );
});

test('one feature imports another only when its row says so', () => {
  const others = { 'src/features/keys/look-up.ts': '', 'src/features/roles/evaluate.ts': '' };
  assert.deepEqual(
    findings('src/features/key-operations/sign.ts', "import { l } from '../keys/look-up.ts';", others),
    [],
  );
  assert.equal(
    findings('src/features/key-operations/sign.ts', "import { e } from '../roles/evaluate.ts';", others).length,
    1,
  );
});

test('a file that does not exist and an unlisted package are refused', () => {
  assert.match(findings('src/http/body.ts', "import { x } from './gone.ts';")[0] ?? '', /not a file/);
  assert.match(findings('src/http/body.ts', "import _ from '@scope/odd/deep';")[0] ?? '', /the package @scope\/odd/);
});

test('tests may use fast-check and the layers at hand, but never reach up into a process', () => {
  const others = { 'src/service/pipeline/pipeline.ts': '', 'src/module/dispatch.ts': '' };
  assert.deepEqual(
    findings('src/store/memory.test.ts', "import fc from 'fast-check';\nimport { test } from 'node:test';", others),
    [],
  );
  assert.deepEqual(
    findings('src/crypto/client/client.test.ts', "import { d } from '../../module/dispatch.ts';", others),
    [],
  );
  assert.equal(
    findings('src/store/memory.test.ts', "import { p } from '../service/pipeline/pipeline.ts';", others).length,
    1,
  );
});

test('the longest row wins, and a file without a row is reported', () => {
  assert.equal(areaOf('src/module/drop-permissions.ts')?.at, 'src/module/drop-permissions.ts');
  assert.equal(areaOf('src/service/main.ts')?.at, 'src/service/');
  assert.equal(areaOf('src/features/unheard-of/x.ts'), undefined);
  assert.match(findings('src/features/unheard-of/x.ts', '')[0] ?? '', /no row/);
});
