import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { nounsOf } from '../../command.ts';
import { dispatch } from '../../dispatch.ts';
import { commands } from '../release.ts';

const folder = mkdtempSync(join(tmpdir(), 'strongroom-release-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const at = (name: string): string => join(folder, name);
const write = (name: string, content: string): string => {
  writeFileSync(at(name), content);
  return at(name);
};

async function strongroom(line: string, ...more: string[]): Promise<{ code: number; out: string; err: string }> {
  let [out, err] = ['', ''];
  const terminal = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const words = [...line.split(' ').map((word) => word.replace('@', `${folder}/`)), ...more];
  return {
    code: await dispatch(nounsOf(commands), '0', words, terminal),
    out,
    err,
  };
}

const enclave = generateKeyPairSync('rsa', { modulusLength: 2048 });
write('enclave.pem', enclave.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string);
const NAME = 'https://attestation.strongroom.localhost';
const policy = {
  version: '1.0.0',
  anyOf: [
    {
      authority: NAME,
      allOf: [
        { claim: 'tee.tier', equals: 'gold' },
        {
          anyOf: [
            { claim: 'tee.level', greaterOrEquals: 3 },
            { claim: 'tee.debug', equals: 'false' },
          ],
        },
      ],
    },
  ],
};
write('policy.json', JSON.stringify(policy));

test('an authority is made once, and its tokens are judged claim by claim', async () => {
  assert.equal((await strongroom('release authority @authority')).code, 0);
  assert.equal(statSync(at('authority/key.pem')).mode & 0o777, 0o600);
  assert.match((await strongroom('release authority @authority')).err, /EEXIST/);
  const issued = await strongroom(
    'release token @authority --enclave-key @enclave.pem --claim tee.tier=gold --claim tee.level=4 --kid e-1',
  );
  assert.equal(issued.code, 0, issued.err);
  write('token.jwt', issued.out);
  const passing = await strongroom(
    'release simulate --policy @policy.json --token @token.jwt --jwks @authority/trust.json',
  );
  assert.equal(passing.code, 0);
  assert.equal(
    passing.out,
    `The token passes. An instance must also trust its authority.
  yes  authority    ${NAME} is named by the policy
  yes  signature    valid by the key set given
  yes  time         the token is valid now
  yes  enclave key  e-1
  yes  condition    allOf of 2
  yes  claim          tee.tier equals "gold"; it is "gold"
  yes  condition      anyOf of 2
  yes  claim            tee.level greaterOrEquals 3; it is 4
  NO   claim            tee.debug equals "false"; it is missing
`,
  );
  const late = await strongroom(
    'release simulate --policy @policy.json --token @token.jwt --at 2100-01-01T00:00Z --json',
  );
  assert.equal(late.code, 1);
  const { passes, time, signature } = JSON.parse(late.out) as Record<string, unknown>;
  assert.deepEqual([passes, time, signature], [false, 'expired', 'not checked']);
});

test('a token of another authority, unsigned by it or poor in claims does not pass', async () => {
  await strongroom('release authority @other');
  write('poor.jwt', (await strongroom('release token @other --enclave-key @enclave.pem --claim tee.tier=tin')).out);
  const poor = await strongroom(
    'release simulate --policy @policy.json --token @poor.jwt --jwks @authority/trust.json',
  );
  assert.equal(poor.code, 1);
  assert.match(poor.out, /NO {3}signature {4}invalid/);
  assert.match(poor.out, /NO {3}claim {10}tee.tier equals "gold"; it is "tin"/);
  await strongroom('release authority @third --name https://third.localhost/');
  write('third.jwt', (await strongroom('release token @third --enclave-key @enclave.pem')).out);
  const third = await strongroom('release simulate --policy @policy.json --token @third.jwt');
  assert.match(third.out, /NO {3}authority {4}https:\/\/third.localhost is not named by the policy/);
});

test('policies are checked before a key is bound to them', async () => {
  const good = await strongroom('release check @policy.json');
  assert.equal(good.code, 0);
  assert.match(good.out, /^\{"anyOf":/);
  const dead = {
    ...policy,
    anyOf: [
      {
        authority: NAME,
        allOf: [
          { claim: 'a', less: 1 },
          { claim: 'a', greater: 1 },
        ],
      },
    ],
  };
  write('dead.json', JSON.stringify(dead));
  const warned = await strongroom('release check @dead.json');
  assert.equal(warned.code, 1);
  assert.match(warned.err, /warning: .*claim a is asked for contradictory values/);
  write('wrong.json', JSON.stringify({ ...policy, anyOf: [{ authority: NAME, allOf: [{ claim: 'a', like: 1 }] }] }));
  const wrong = await strongroom('release check @wrong.json');
  assert.match(wrong.err, /anyOf\[0\].allOf\[0\]: must have exactly one of equals/);
});

test('wrong calls and files are answered with what to do', async () => {
  write('garbage', '\u0000');
  for (const [line, code, message] of [
    ['release simulate', 2, /--policy and --token/],
    ['release simulate --policy @policy.json --token @garbage', 1, /token cannot be read/],
    ['release simulate --policy @garbage --token @token.jwt', 1, /policy cannot be read/],
    ['release simulate --policy @none --token @token.jwt', 1, /none cannot be read/],
    ['release simulate --policy @policy.json --token @token.jwt --at soon', 2, /--at/],
    ['release token @authority', 2, /--enclave-key/],
    ['release token @authority --enclave-key @garbage', 1, /not an RSA key/],
    ['release token @authority --enclave-key @enclave.pem --claim x', 2, /PATH=VALUE/],
    ['release token @authority --enclave-key @enclave.pem --lifetime 0', 2, /--lifetime/],
    ['release token @none --enclave-key @enclave.pem', 1, /not the folder of an authority/],
    ['release authority @fourth --name http://x', 1, /https/],
    ['release open @garbage', 2, /--key and --out/],
    ['release open @garbage --key @enclave.pem --out @out', 1, /does not open/],
    ['release trust', 2, /name the authority/],
    ['release trust dev', 2, /--body is needed/],
    ['release trust dev --url http://x --body @policy.json', 2, /--url must be https/],
    ['release trust dev --hsm https://x --body @policy.json', 2, /unknown option '--hsm' \(did you mean '--hsm-name'/],
    ['release trust dev --body @policy.json --data @nowhere', 1, /no strongroom serves from/],
  ] as const) {
    const ended = await strongroom(line);
    assert.equal(ended.code, code, `${line}: ${ended.err}`);
    assert.match(ended.err, message, line);
  }
  assert.throws(() => readFileSync(at('out')), { code: 'ENOENT' });
});
