import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { appendPurged } from '../../../deployment/purge-record.ts';
import { parseNote } from '../../../formats/signed-note.ts';
import { openAuditLog } from '../../../links/recorder/open-audit-log.ts';
import { makePlace, ORIGIN, signCheckpoint, VKEY } from '../../../recorder/recorder.fixture.ts';
import { startRecorder } from '../../../recorder/start-recorder.ts';
import { makeIdentity } from '../../../tools/witness/identity.ts';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { commands } from '../audit.ts';

async function strongroom(...words: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  return { code: await dispatch(nounsOf(commands), '0', words, terminal), out, err };
}

test('an operator keeps a checkpoint, lists entries, verifies, and is told where the log was changed', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    for (let i = 0; i < 9; i++) {
      const operationName = i % 3 === 0 ? 'KeySign' : 'KeyGet';
      await log.append(JSON.stringify({ time: `2026-11-25T00:00:0${i}.000Z`, operationName, httpStatusCode: 200 }));
    }
  }
  const saved = join(folder, '..', 'saved');
  writeFileSync(saved, (await strongroom('audit', 'checkpoint', '--log', folder)).out);

  const signs = await strongroom(
    'audit',
    'show',
    '--log',
    folder,
    '--operation',
    'KeySign',
    '--since',
    '2026-11-25T00:00:01Z',
    '--json',
  );
  assert.deepEqual(
    signs.out
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { index: number }).index),
    [3, 6],
  );
  const last = await strongroom('audit', 'show', '--log', folder, '--last', '2');
  assert.match(last.out, /^ {3}index {2}time .*\n {7}7 .*KeyGet +-\n {7}8 .*KeyGet +-\n$/);

  const whole = await strongroom('audit', 'verify', '--log', folder, '--checkpoint', saved, '--key', VKEY);
  assert.equal(whole.code, 0, whole.out + whole.err);
  assert.match(whole.out, /checkpoint +checkpoint: 9 entries, holds, signature verified\n/);
  assert.match(whole.out, /The log is whole\.\n$/);

  const unsigned = await strongroom('audit', 'verify', '--log', folder);
  assert.match(unsigned.out, /holds, signature not checked \(no --key\)\n/);

  const foreign = join(folder, '..', 'foreign');
  writeFileSync(foreign, readFileSync(saved, 'utf8').replace(ORIGIN, 'strongroom/another'));
  const mistaken = await strongroom('audit', 'verify', '--log', folder, '--checkpoint', foreign);
  assert.deepEqual([mistaken.code, mistaken.out], [1, '']);
  assert.ok(
    mistaken.err.includes(`${foreign} is a checkpoint of another log (strongroom/another); this one is ${ORIGIN}`),
  );

  const bare = Buffer.from(VKEY.split('+').slice(2).join('+'), 'base64').subarray(1).toString('base64url');
  assert.match((await strongroom('audit', 'verify', '--log', folder, '--key', bare)).out, /signature verified/);
  writeFileSync(join(folder, 'tile/0/000.p/9'), Buffer.alloc(288));
  const broken = await strongroom('audit', 'verify', '--log', folder, '--json');
  assert.equal(broken.code, 1);
  const [damage] = (JSON.parse(broken.out) as { damage: unknown[] }).damage;
  assert.deepEqual(damage, { file: 'tile/0/000.p/9', entry: 0, offset: 0, what: 'the hash is not that of the entry' });
});

test('a checkpoint that was copied badly is read, and what still is none is named without a word on the log', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    await log.append(JSON.stringify({ time: '2026-11-25T00:00:00.000Z', operationName: 'KeySign' }));
  }
  const own = join(folder, 'checkpoint');
  const note = readFileSync(own, 'utf8');
  const saved = join(folder, '..', 'saved');
  const verified = (text: string, ...more: string[]): ReturnType<typeof strongroom> => {
    writeFileSync(saved, text);
    return strongroom('audit', 'verify', '--log', folder, '--checkpoint', saved, ...more);
  };
  const copies = {
    'as printed': note,
    'without its last newline': note.slice(0, -1),
    'one newline more': `${note}\n`,
    CRLF: note.replaceAll('\n', '\r\n'),
    indented: note.replace(/^/gm, '    '),
    'indented, the empty line not': note.replace(/^(?=.)/gm, '\t'),
    'two empty lines': note.replace('\n\n', '\n\n\n'),
    'with a byte order mark': `\ufeff${note}`,
    'with spaces at ends of lines': note.replaceAll('\n', ' \n'),
  };
  for (const [how, text] of Object.entries(copies)) {
    const { code, out, err } = await verified(text, '--key', VKEY);
    assert.deepEqual([code, err], [0, ''], how);
    assert.match(out, /saved: 1 entries, holds, signature verified\n[^]*whole\.\n$/, how);
  }

  const refused = async (text: string, message: RegExp, ...more: string[]): Promise<void> => {
    for (const json of [[], ['--json']]) {
      const { code, out, err } = await verified(text, ...more, ...json);
      assert.deepEqual([code, out], [1, ''], text);
      assert.match(err, message);
      assert.doesNotMatch(err, /DAMAGED/);
    }
  };
  await refused('', /saved cannot be read as a checkpoint: there is nothing in it/);
  await refused(' \r\n', /there is nothing in it/);
  await refused('hello\n', /saved cannot be read as a checkpoint: the note has no empty line/);
  await refused(`${note}\n${note}`, /saved cannot be read as a checkpoint/);
  const [origin = '', size = '', root = ''] = note.split('\n');
  await refused(
    note.replace(root, Buffer.alloc(32, 7).toString('base64')),
    /saved is not signed by this key/,
    '--key',
    VKEY,
  );
  await refused(note.replace(`\n${size}\n`, '\n0\n'), /saved is not signed by this key/, '--key', VKEY);
  assert.equal(origin, ORIGIN);

  const wrong = Buffer.alloc(32, 9).toString('base64url');
  await refused(note, /saved is not signed by this key/, '--key', wrong);
  const alone = (key: string): ReturnType<typeof strongroom> =>
    strongroom('audit', 'verify', '--log', folder, `--key=${key}`);
  const other = await alone(wrong);
  assert.deepEqual([other.code, other.out], [1, '']);
  assert.match(other.err, /the log's checkpoint .* is not signed by this key .*trust nothing in this log/);
  // One that says it is of the key, and is not, is nobody's mistake.
  writeFileSync(own, note.replace(root, Buffer.alloc(32, 7).toString('base64')));
  const forged = await alone(VKEY);
  assert.equal(forged.code, 1);
  assert.match(forged.out, /DAMAGED[^]*checkpoint: it is not signed by the key given/);
  // Nor is the log's own mended.
  writeFileSync(own, `${note}\n`);
  assert.match((await alone(VKEY)).out, /DAMAGED/);
});

test('an operation is found in any case, and one that the log has not is said to be none of it', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    for (const operationName of ['RoleAssignmentCreate', 'KeyGet'])
      await log.append(JSON.stringify({ time: '2026-11-25T00:00:00.000Z', operationName }));
  }
  const shown = (...more: string[]): ReturnType<typeof strongroom> =>
    strongroom('audit', 'show', '--log', folder, ...more);
  const found = await shown('--operation', 'roleassignmentcreate', '--last', '5');
  assert.match(found.out, /RoleAssignmentCreate/);
  assert.equal(found.err, '');
  const none = "no entry of this log has the operation '";
  assert.deepEqual(await shown('--operation', 'RoleAssigmentCreate', '--json'), {
    ...{ code: 0, out: '' },
    err: `${none}RoleAssigmentCreate'; did you mean RoleAssignmentCreate?\n`,
  });
  assert.equal((await shown('--operation', 'Backup\u001bEnd')).err, `${none}Backup End'\n`);
  const { err } = await shown('--operation', 'KeyGet', '--since', '2027-01-01T00:00:00Z');
  assert.match(err, /^none of the \d+ entries of this log fits\n$/, 'it has that one');
});

test('a log whose checkpoint was taken away ends with a code of its own, and words for how much is proven', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  const at = (seconds: number): string => new Date(1.79e12 + seconds * 1000).toISOString();
  const record = async (from: number, to: number): Promise<void> => {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    for (let i = from; i < to; i++) await log.append(JSON.stringify({ time: at(i * 100), operationName: 'KeySign' }));
  };
  await record(0, 2);
  const early = readFileSync(join(folder, 'checkpoint'));
  await record(2, 5);
  const verified = (...more: string[]): ReturnType<typeof strongroom> =>
    strongroom('audit', 'verify', '--log', folder, ...more);
  const saved = join(folder, '..', 'saved');
  writeFileSync(saved, readFileSync(join(folder, 'checkpoint')));

  writeFileSync(join(folder, 'checkpoint'), early);
  const older = await verified('--json');
  assert.equal(older.code, 3);
  assert.deepEqual((JSON.parse(older.out) as { proof: unknown }).proof, {
    proven: 2,
    unproven: 3,
    state: 'tail-unproven',
  });
  assert.match(
    (await verified()).out,
    /NOT PROVEN: a checkpoint proves 2 entries, and the last 3 entries are only there/,
  );

  rmSync(join(folder, 'checkpoint'));
  const none = await verified();
  assert.deepEqual([none.code, none.err], [3, '']);
  assert.match(none.out, /NOT PROVEN: no checkpoint[^]* 0 entries are proven, 5 are only there/);
  const bare = Buffer.from(VKEY.split('+').slice(2).join('+'), 'base64').subarray(1).toString('base64url');
  assert.equal((await verified('--key', bare)).code, 3);
  const whole = await verified('--checkpoint', saved, '--key', bare);
  assert.equal(whole.code, 0, 'one kept elsewhere proves them all');
  assert.match(whole.out, /5 entries, holds, signature verified/);
});

test('what a witness has cosigned is told with its time; a log that is shorter or another one is damaged', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  const record = async (count: number): Promise<void> => {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    for (let i = 0; i < count; i++) await log.append(JSON.stringify({ time: new Date(1.79e12).toISOString() }));
  };
  const checkpointOf = async (count: number): Promise<string> => {
    await record(count);
    return readFileSync(join(folder, 'checkpoint'), 'utf8');
  };
  await record(3);
  const earlier = join(folder, '..', 'earlier');
  cpSync(folder, earlier, { recursive: true });
  const checkpoint = await checkpointOf(2);
  const home = join(folder, '..', 'witness');
  const identity = makeIdentity(home, 'witness.example.org');
  const line = identity.cosign(parseNote(checkpoint).text, 1_790_000_100);
  const saved = join(folder, '..', 'saved');
  writeFileSync(saved, checkpoint + line);
  const verified = (log: string, key: string, ...more: string[]): ReturnType<typeof strongroom> =>
    strongroom('audit', 'verify', '--log', log, '--checkpoint', saved, '--witness', key, ...more);

  const whole = await verified(folder, identity.vkey);
  assert.equal(whole.code, 0, whole.err);
  assert.match(whole.out, /witness +witness\.example\.org: 5 entries, cosigned 2026-09-21T14:15:00\.000Z\n/);
  const { witnesses } = JSON.parse((await verified(folder, identity.vkey, '--json')).out) as { witnesses: unknown };
  assert.deepEqual(witnesses, [
    { witness: 'witness.example.org', checkpoint: saved, size: 5, at: '2026-09-21T14:15:00.000Z' },
  ]);
  const shorter = await verified(earlier, identity.vkey);
  assert.equal(shorter.code, 1);
  assert.match(shorter.out, /DAMAGED[^]*saved, entry 3: it names 5 entries, the log has 3/);

  const other = makeIdentity(join(home, 'other'), 'other.example.org');
  const unknown = await verified(folder, other.vkey);
  assert.deepEqual([unknown.code, unknown.out], [1, '']);
  assert.match(unknown.err, /--witness: other\.example\.org has cosigned none of the checkpoints/);
  assert.match((await verified(folder, VKEY)).err, /--witness: the verifier key is not/);
  writeFileSync(saved, (await checkpointOf(1)) + line);
  assert.match((await verified(folder, identity.vkey)).err, /saved: a cosignature that claims to be of witness/);
  const none = await strongroom('audit', 'verify', '--log', folder, '--witness', identity.vkey);
  assert.match(none.err, /nothing was given that witness\.example\.org could have cosigned/);
});

test('wrong words are told, with the code for it', async () => {
  using place = makePlace();
  assert.match((await strongroom('audit', 'verify', '--log', place.folder)).err, /there is no log in/);
  assert.match((await strongroom('audit', 'verify', '--log', '/', '--key', 'x')).err, /there is no log/);
  const data = join(place.folder, '..', 'data');
  assert.match((await strongroom('audit', 'verify', '--data', data)).err, /no instance has one/);
  for (const name of ['fin', 'ops']) mkdirSync(join(data, 'instances', name, 'audit', 'journal'), { recursive: true });
  mkdirSync(join(data, 'instances', 'bare'));
  const { err } = await strongroom('audit', 'verify', '--data', data);
  assert.match(err, /instances\/dev\/audit; there is one of fin, ops \(--hsm-name NAME\)/);
  const instanceId = 'c0ffee00-0000-4000-8000-000000000000';
  const at = '2026-11-25T00:00:00.000Z';
  const kept = join(data, 'purged', instanceId);
  mkdirSync(join(kept, 'journal'), { recursive: true });
  const purged = { name: 'gone', instanceId, resourceId: '/x', deletedAt: at, rootKeysDestroyedAt: at, checkpoint: '' };
  appendPurged(join(data, 'purged'), { ...purged, reason: 'requested' });
  for (const verb of ['verify', 'show']) {
    const { code, err: said } = await strongroom('audit', verb, '--data', data, '--hsm-name', 'gone');
    assert.equal(code, 1);
    assert.ok(said.includes(`'gone' was purged, and its log stayed (--log ${kept})`), said);
  }
  assert.equal((await strongroom('audit', 'show', '--last', 'x')).code, 2);
  assert.equal((await strongroom('audit', 'show', '--since', 'yesterday')).code, 2);
});

test('what a caller wrote into the log is shown in text and JSON, and neither steers the terminal', async () => {
  using place = makePlace();
  const { folder, socketPath } = place;
  const hostile = 'k\u009b2J\u0085\u202e\u2028\u007f';
  {
    await using _recorder = await startRecorder({ folder, socketPath, origin: ORIGIN, report: assert.fail });
    await using log = await openAuditLog({ socketPath, signCheckpoint });
    await log.append(JSON.stringify({ time: '2026-11-25T00:00:00.000Z', operationName: 'KeyGet', key: hostile }));
  }
  for (const more of [[], ['--json']]) {
    const { out } = await strongroom('audit', 'show', '--log', folder, ...more);
    assert.doesNotMatch(out.trimEnd().replace(/^.*address\n/, ''), /[\p{C}\u2028]/u, JSON.stringify(out));
    if (more.length > 0) assert.equal((JSON.parse(out) as { key: string }).key, hostile);
  }
});
