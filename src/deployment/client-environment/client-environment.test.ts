import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import fc from 'fast-check';
import { places } from '../data-layout.ts';
import type { DevClients } from '../dev-clients.ts';
import { identityFolder, identityFolderLines, identityVariables } from './identity-variables.ts';
import { shellLines, shellQuoted } from './variable-files.ts';
import { azConfigFolder, clientVariables } from './variables.ts';
import { clientEnvironments, shellTextOf, writeClientEnvironment } from './write.ts';

const root = mkdtempSync(join(tmpdir(), "strongroom test's $(data)-"));
after(() => rmSync(root, { recursive: true }));
const id = (digit: number): string => `${String(digit).repeat(8)}-0000-4000-8000-000000000000`;
const application = (digit: number) => ({ appId: id(digit), oid: id(digit + 1), secret: `s'ecret$${digit}` });
const clients: DevClients = {
  tenantId: id(1),
  subscriptionId: id(2),
  applications: { admin: application(3), owner: application(5), consumer: application(7) },
  users: { alice: { oid: id(9), upn: 'alice@x', password: 'p' }, bob: { oid: id(8), upn: 'bob@x', password: 'p' } },
  operatorsGroupOid: id(6),
};
const at = places(root);
mkdirSync(at.instance('dev').root, { recursive: true });
writeFileSync(at.instance('dev').config, '{}');
mkdirSync(at.ca);
const [someRoot = ''] = rootCertificates;
writeFileSync(at.caCertificate, `${someRoot}\n`);

const shells = ['sh', 'dash', 'bash', 'zsh'].filter((shell) => spawnSync(shell, ['-c', ':']).status === 0);

test('whatever a value is, every shell reads it back as it was', () => {
  assert.ok(shells.includes('sh'));
  const text = fc
    .string({ unit: 'binary', maxLength: 40 })
    .filter((value) => !value.includes('\0') && isWellFormed(value));
  const special = fc.constantFrom("'", "''\n", '$(exit 1)', '`exit 1`', '"\\', '!x', '#', ' ', '\\', '\r\n', '~');
  for (const shell of shells) {
    fc.assert(
      fc.property(fc.array(fc.oneof(text, special), { minLength: 1, maxLength: 8 }), (values) => {
        const lines = shellLines(Object.fromEntries(values.map((value, index) => [`V${index}`, value])));
        const print = values.map((_, index) => `printf '%s\\0' "$V${index}"`).join('\n');
        const output = execFileSync(shell, ['-c', `eval "$LINES_TO_EVAL"\n${print}`], {
          env: { LINES_TO_EVAL: lines, LC_ALL: 'C.UTF-8' },
          // Given a socket there, bash takes itself for a remote login and reads its startup files.
          stdio: ['ignore', 'pipe', 'inherit'],
        });
        assert.deepEqual(output.toString().split('\0').slice(0, -1), values);
      }),
      { numRuns: 15 },
    );
  }
});

function isWellFormed(value: string): boolean {
  return Buffer.from(value, 'utf8').toString('utf8') === value;
}

test('names that are no names and values that no shell can hold are refused', () => {
  for (const name of ['', '1A', 'A-B', 'A;B', 'A B']) assert.throws(() => shellLines({ [name]: 'x' }), /no name/);
  assert.throws(() => shellQuoted('a\0b'));
  assert.equal(shellLines({ A: undefined }), 'unset A\n');
});

test('without an instance dev none is named, a stale name is cleared, and the lines say so', () => {
  for (const environment of Object.values(clientEnvironments(places(join(root, 'empty')), 8443, clients))) {
    const lines = shellTextOf(environment);
    assert.match(lines, /^: 'AZURE_MANAGEDHSM_URI is not set: there is no instance dev'$/m);
    for (const shell of shells) {
      const output = execFileSync(shell, ['-c', `eval "$LINES_TO_EVAL"; printf '%s' "$AZURE_MANAGEDHSM_URI"`], {
        env: { LINES_TO_EVAL: lines, AZURE_MANAGEDHSM_URI: 'stale' },
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      assert.equal(output.toString(), '');
    }
  }
});

test('evaluating the lines sets what clients read and clears what would get in their way', () => {
  const { azure } = clientEnvironments(at, 8443, clients);
  const output = execFileSync('sh', ['-c', `${shellLines(clientVariables(azure))}env -0`], {
    env: { PATH: process.env['PATH'], ALL_PROXY: 'x', AZURE_AUTHORITY_HOST: 'x', ARM_METADATA_HOSTNAME: 'x' },
  });
  const env = Object.fromEntries(
    output
      .toString()
      .split('\0')
      .map((line): [string, string] => [line.split('=')[0] ?? '', line.slice(line.indexOf('=') + 1)]),
  );
  assert.equal(env['AZURE_CLIENT_SECRET'], "s'ecret$3");
  assert.equal(env['AZURE_MANAGEDHSM_URI'], 'https://dev.managedhsm.azure.net');
  for (const name of ['REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE', 'SSL_CERT_FILE']) assert.equal(env[name], at.caBundle);
  assert.equal(env['NODE_EXTRA_CA_CERTS'], at.caCertificate);
  for (const name of ['NO_PROXY', 'no_proxy']) assert.equal(env[name], '127.0.0.1');
  assert.deepEqual(
    [env['ARM_TENANT_ID'], env['ARM_SUBSCRIPTION_ID'], env['ARM_CLIENT_ID'], env['ARM_CLIENT_SECRET']],
    [id(1), id(2), id(3), "s'ecret$3"],
  );
  assert.equal(env['HTTPS_PROXY'], 'http://127.0.0.1:8443');
  assert.equal(env['STRONGROOM_OWNER_CLIENT_ID'], id(5));
  assert.ok(env['AZURE_CONFIG_DIR']?.startsWith(root));
  for (const cleared of ['ALL_PROXY', 'AZURE_AUTHORITY_HOST', 'ARM_METADATA_HOSTNAME'])
    assert.equal(env[cleared], undefined, cleared);
});

test('the local form names the port, the authority and a cloud, which az is told of once', async () => {
  await writeClientEnvironment(at, 9443, clients);
  for (const file of [at.env, at.envLocal]) assert.equal(statSync(file).mode & 0o777, 0o600);
  for (const file of [at.caBundle, at.trustStore]) assert.ok(statSync(file).size > 0);
  // An az that only notes how it was called, and files the cloud as the real one does.
  const bin = join(root, 'bin', 'az');
  mkdirSync(join(root, 'bin'));
  const calls = join(root, 'calls');
  writeFileSync(
    bin,
    `#!/bin/sh
echo "$*" >> ${shellQuoted(calls)}
case $2 in
  register) printf '[Strongroom]\\n' >> "$AZURE_CONFIG_DIR/clouds.config" ;;
  set) printf '[cloud]\\nname = Strongroom\\n' >> "$AZURE_CONFIG_DIR/config" ;;
esac
`,
  );
  rmSync(calls, { force: true });
  chmodSync(bin, 0o755);
  for (let turn = 0; turn < 2; turn++) {
    const script = `eval "$(cat "$FILE")"; printf '%s %s' "$AZURE_AUTHORITY_HOST" "$AZURE_MANAGEDHSM_URI"`;
    const output = execFileSync('sh', ['-c', script], {
      env: { PATH: `${join(root, 'bin')}:${process.env['PATH']}`, FILE: at.envLocal },
    });
    assert.equal(output.toString(), 'https://login.localhost:9443 https://dev.managedhsm.localhost:9443');
  }
  assert.deepEqual(readFileSync(calls, 'utf8').trim().split('\n'), [
    'cloud register --name Strongroom --endpoint-resource-manager https://arm.localhost:9443 --only-show-errors',
    'cloud set --name Strongroom --only-show-errors',
  ]);
});

const endpoint = { clientId: id(4), port: 4711, header: 'aa', style: 'app-service' } as const;

test('a process with an identity keeps its az sign-in apart from that of the people at the data directory', () => {
  const { azure } = clientEnvironments(at, 8443, clients);
  const variables = identityVariables(azure, endpoint);
  assert.equal(variables.AZURE_CONFIG_DIR, `${azConfigFolder(azure)}-${id(4)}`);
  assert.equal(variables.SSL_CERT_FILE, at.caBundle);
  assert.equal(variables.NO_PROXY, '127.0.0.1');
  assert.equal(variables.ARM_CLIENT_ID, id(4));
  for (const secret of ["s'ecret$3", "s'ecret$5", "s'ecret$7"]) {
    assert.ok(!Object.values(variables).includes(secret), 'an identity is given a secret of nobody');
  }
});

test('the lines for another user make a folder of that user, and lead nowhere into the data directory', () => {
  const { azure } = clientEnvironments(at, 8443, clients);
  const folder = identityFolder(join(root, "of $(the) 'user'", 'deep'));
  const variables = identityVariables(azure, { ...endpoint, folder });
  const store = join(root, 'store.pem');
  writeFileSync(store, 'those of the system\n');
  const lines = identityFolderLines(folder, 'a certificate\n', store) + shellTextOf(azure, variables);
  for (const shell of shells) {
    const told = execFileSync(
      shell,
      ['-c', `eval "$LINES_TO_EVAL"; cat "$NODE_EXTRA_CA_CERTS" "$SSL_CERT_FILE"; ls -d "$AZURE_CONFIG_DIR"`],
      {
        env: { LINES_TO_EVAL: lines, PATH: process.env.PATH ?? '' },
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    assert.equal(
      told.toString(),
      `a certificate\na certificate\nthose of the system\n${folder.azConfigFolder}\n`,
      shell,
    );
    assert.equal(statSync(folder.azConfigFolder).mode & 0o777, 0o700);
    rmSync(join(folder.caFile, '..'), { recursive: true });
  }
  for (const value of Object.values(variables)) {
    assert.ok(!value?.startsWith(root) || value.startsWith(join(folder.caFile, '..')), value ?? '');
  }
});
