import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import { cosignatureLine, cosignedAt, cosignedMessage, formatWitnessKey, parseWitnessKey } from './cosignature.ts';
import { growLog } from './grown-log.fixture.ts';
import { NoteError, parseNote, parseVkey } from './signed-note.ts';

const NAME = 'witness.example.org/w1';
const { publicKey, privateKey } = generateKeyPairSync('ed25519');
const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
const vkey = formatWitnessKey(NAME, raw);
const witness = parseWitnessKey(vkey);
const log = growLog('example.org/log', 9);
const cosign = (text: string, time: number): string =>
  cosignatureLine(NAME, raw, time, sign(null, cosignedMessage(time, text), privateKey));

test('the message and the name of the key are those of the specification', () => {
  const text = 'example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n';
  assert.equal(cosignedMessage(1679315147, text).toString(), `cosignature/v1\ntime 1679315147\n${text}`);
  // From the example of tlog-cosignature: the line begins with the key's hash and the time, 1679315147 as 64 bits.
  const line =
    '— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n';
  const [signature] = parseNote(`${text}\n${line}`).signatures;
  assert.equal(Number(signature?.signature.readBigUInt64BE()), 1679315147);
  assert.equal(signature?.signature.length, 72);
});

test('a cosigned checkpoint tells when; a plain signature, another text and another witness tell nothing', () => {
  const checkpoint = log.checkpoint(7);
  const { text } = parseNote(checkpoint);
  assert.equal(cosignedAt(parseNote(checkpoint), witness), undefined);
  const cosigned = checkpoint + cosign(text, 1_790_000_000);
  assert.equal(cosignedAt(parseNote(cosigned), witness), 1_790_000_000);
  assert.equal(cosignedAt(parseNote(cosigned + cosign(text, 1_790_000_005)), witness), 1_790_000_005);
  assert.throws(() => cosignedAt(parseNote(log.checkpoint(8) + cosign(text, 1)), witness), NoteError);
  const later = Buffer.from(cosign(text, 1).split(' ')[2] ?? '', 'base64');
  later.writeBigUInt64BE(99n, 4);
  assert.throws(
    () => cosignedAt(parseNote(`${checkpoint}— ${NAME} ${later.toString('base64')}\n`), witness),
    NoteError,
  );
});

test('a key of a log is no key of a witness, nor the other way round', () => {
  assert.throws(() => parseWitnessKey(log.vkey), NoteError);
  assert.throws(() => parseVkey(vkey), NoteError);
});
