import assert from 'node:assert/strict';
import { syncBuiltinESMExports } from 'node:module';
import os from 'node:os';
import { test } from 'node:test';
import { handOf } from './open-folder.ts';

test('a user with a number and no name, as in a container, is asked to say who it is', (context) => {
  const system = context.mock.method(os, 'userInfo', () => {
    throw new Error('uv_os_get_passwd returned ENOENT');
  });
  syncBuiltinESMExports();
  try {
    assert.throws(() => handOf({ by: undefined }), {
      name: 'CommandError',
      message: /say who does this with --by NAME/,
    });
    assert.equal(handOf({ by: 'Ana' }).who, 'Ana');
    assert.equal(handOf({ by: undefined, as: 'alice' }).who, 'alice');
  } finally {
    system.mock.restore();
    syncBuiltinESMExports();
  }
});
