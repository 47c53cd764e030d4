import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatVkey, NoteError, noteKeyHash, parseNote, parseVkey, verifyNote } from './signed-note.ts';
import { parseCheckpoint, parseCheckpointBody } from './tlog-checkpoint.ts';
import { checkpointBody, formatNote } from './written-log.fixture.ts';

// The example that Go's sumdb/note package documents.
const PETER = 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW';
const SPEECH =
  "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n" +
  '\n— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n';

const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x as string, 'base64url');
const NAME = 'strongroom/a-b';
function signedNote(text: string, name = NAME): string {
  return formatNote(text, [
    { name, keyHash: noteKeyHash(name, raw), signature: sign(null, Buffer.from(text), privateKey) },
  ]);
}

test('the published example note verifies with its published key', () => {
  assert.ok(verifyNote(parseNote(SPEECH), parseVkey(PETER)));
});

test('any change to the example makes it not verify or not parse', () => {
  const bytes = Buffer.from(SPEECH);
  for (let i = 0; i < bytes.length; i++) {
    const changed = Buffer.from(bytes);
    changed[i] = (changed[i] as number) ^ 1;
    assert.ok(!verifies(changed.toString('utf8')), `byte ${i}`);
  }
});

function verifies(note: string): boolean {
  try {
    return verifyNote(parseNote(note), parseVkey(PETER));
  } catch (error) {
    assert.ok(error instanceof NoteError);
    return false;
  }
}

test('what is signed verifies with the printed key, and not with another', () => {
  const note = parseNote(signedNote('hello\n\nworld\n'));
  assert.equal(note.text, 'hello\n\nworld\n');
  assert.ok(verifyNote(note, parseVkey(formatVkey(NAME, raw))));
  assert.ok(!verifyNote(note, parseVkey(PETER)));
});

test('a second signature that claims the same key and is wrong spoils the note', () => {
  const good = signedNote('hello\n');
  const [line] = parseNote(good).signatures;
  assert.ok(line);
  const bad = { ...line, signature: Buffer.alloc(64) };
  assert.ok(!verifyNote(parseNote(formatNote('hello\n', [line, bad])), parseVkey(formatVkey(NAME, raw))));
});

test('keys whose hash, type, length or encoding is wrong are refused', () => {
  const vkey = formatVkey(NAME, raw);
  for (const wrong of [
    vkey.replace(/\+[0-9a-f]{8}\+/, '+00000000+'),
    `${vkey}=`,
    vkey.replace('+', ' +'),
    `${NAME}+${vkey.split('+')[1]}+${Buffer.concat([Buffer.from([2]), raw]).toString('base64')}`,
    '',
  ]) {
    assert.throws(() => parseVkey(wrong), NoteError, wrong);
  }
});

test('notes without an empty line, a signature, a last newline or with control characters are refused', () => {
  const note = signedNote('hello\n');
  for (const wrong of [
    '',
    'hello\n',
    note.slice(0, -1),
    note.replace('\n\n', '\n'),
    `\t${note}`,
    'hello\n\n',
    `${note}x`,
  ]) {
    assert.throws(() => parseNote(wrong), NoteError, JSON.stringify(wrong));
  }
});

test('for all texts: what parses prints back to the same characters', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', '\n', '—', ' ', 'x08go/Zz', '\u00e9')), (pieces) => {
      const text = pieces.join('');
      try {
        const note = parseNote(text);
        assert.equal(formatNote(note.text, note.signatures), text);
      } catch (error) {
        assert.ok(error instanceof NoteError);
      }
    }),
  );
});

test('a checkpoint reads back; other spellings of the same numbers are refused', () => {
  const root = Buffer.alloc(32, 7);
  const body = checkpointBody(NAME, 42, root);
  assert.deepEqual(parseCheckpointBody(body), { origin: NAME, size: 42, root, extensions: [] });
  assert.equal(parseCheckpoint(signedNote(body)).checkpoint.size, 42);
  assert.deepEqual(parseCheckpointBody(`${body}extra\n`).extensions, ['extra']);
  for (const wrong of [
    body.replace('42', '042'),
    body.replace('42', '-1'),
    body.replace('42', '99999999999999999999'),
    body.replace('=', ''),
    body.slice(0, -1),
    `${body}\n`,
    `\n${body}`,
    'a\n1\n',
  ]) {
    assert.throws(() => parseCheckpointBody(wrong), NoteError, JSON.stringify(wrong));
  }
  assert.throws(() => checkpointBody('a\nb', 1, root), NoteError);
  assert.throws(() => checkpointBody('a', 1.5, root), NoteError);
});
