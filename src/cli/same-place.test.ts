// Commands that are named next find what this one found.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { shellWord } from '../formats/own-command.ts';
import { messageHere, targetOptions } from './same-place.ts';

test('an instance is named by what found it', () => {
  assert.equal(
    targetOptions({ 'hsm-name': 'west', data: '/srv/it', as: 'alice' }),
    ' --hsm-name west --data /srv/it --as alice',
  );
  // The name is a default there, and means nothing.
  assert.equal(
    targetOptions({ 'hsm-name': 'dev', url: 'https://a.b:1', ca: "it's" }),
    " --url https://a.b:1 --ca 'it'\\''s'",
  );
});

test('a shell gives back whatever word there is', () => {
  const words = fc.array(
    fc.string({ unit: 'grapheme', minLength: 1 }).filter((word) => !word.includes('\0')),
    { minLength: 1, maxLength: 20 },
  );
  fc.assert(
    fc.property(words, (given) => {
      const script = `printf '%s\\0' ${given.map(shellWord).join(' ')}`;
      assert.deepEqual(execFileSync('sh', ['-c', script]).toString('utf8').split('\0').slice(0, -1), given);
    }),
    { numRuns: 100 },
  );
});

test('what the supervisor names gets the data directory of the call, after that instance alone', () => {
  const message =
    'stop it: ./strongroom instance stop west, ./strongroom instance start west-2, ./strongroom unlock west';
  assert.equal(
    messageHere(message, 'west', '/srv/it'),
    'stop it: ./strongroom instance stop west --data /srv/it, ./strongroom instance start west-2, ./strongroom unlock west --data /srv/it',
  );
  assert.equal(messageHere(message, 'west', undefined), message);
});
