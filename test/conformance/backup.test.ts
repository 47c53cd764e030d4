// Full backup and restore by the stock clients, to containers of a blob service that takes SAS tokens and tokens of the
// instance's own identity. The service stands under a name as in the public cloud, which only the configuration resolves.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { places } from '../../src/deployment/data-layout.ts';
import { openEntries } from '../../src/features/audit/read-entries.ts';
import { type Azurite, startAzurite } from '../support/azurite.ts';
import { filesBelow } from '../support/files-below.ts';
import { makeLoopbackCertificate } from '../support/loopback-certificate.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { testChecks } from './checks.ts';
import { type Ended, runIn } from './run-in.ts';

const ACCOUNT = 'strongroomtest';
const CONTAINER = 'backups';
const PROGRAM = join(CHECKOUT, 'strongroom');

describe('full backup and restore', () => {
  let folder: string;
  let azurite: Azurite;
  let product: RunningProduct;
  let environment: Readonly<Record<string, string>>;
  /** All SAS tokens that were given to the service. */
  const tokens: string[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-backup-'));
    const tls = await makeLoopbackCertificate(folder, `${ACCOUNT}.blob.localhost`);
    azurite = await startAzurite({ folder, tls, account: ACCOUNT });
    await azurite.makeContainer(CONTAINER);
    product = await startProduct();
    // What an operator does, while everything runs.
    const added = await runStrongroom(
      ...['backup', 'place', 'add', azurite.cloudUri(CONTAINER), '--address', '127.0.0.1'],
      ...['--storage-ca', tls.caFile, '--data', product.data],
    );
    assert.equal(added.code, 0, added.stderr);
    tokens.push(azurite.sas(CONTAINER));
    await writeFile(join(folder, 'sas'), tokens[0] ?? '', { mode: 0o600 });
    environment = await product.environment();
  });
  after(async () => {
    await product[Symbol.asyncDispose]();
    await azurite[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function loggedIn(): Promise<(...words: readonly string[]) => Promise<Ended>> {
    const az = (...words: readonly string[]): Promise<Ended> =>
      runIn({ cwd: folder, env: environment }, 'az', ...words, '--output', 'json');
    const login = await az(
      ...['login', '--service-principal', '-u', environment['AZURE_CLIENT_ID'] ?? ''],
      ...['-p', environment['AZURE_CLIENT_SECRET'] ?? '', '--tenant', environment['AZURE_TENANT_ID'] ?? ''],
    );
    assert.equal(login.code, 0, login.stderr);
    return az;
  }

  describe('az', { skip: skipUnless('az') }, () => {
    let run: Awaited<ReturnType<typeof loggedIn>>;
    const az = (line: string, ...values: readonly string[]): Promise<Ended> => run(...line.split(' '), ...values);
    const json = async (line: string, ...values: readonly string[]): Promise<Record<string, unknown>> => {
      const { code, stdout, stderr } = await az(line, ...values);
      assert.equal(code, 0, `az ${line}: ${stderr}`);
      return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
    };
    const place = (): readonly string[] => ['--storage-resource-uri', azurite.cloudUri(CONTAINER)];
    const sas = (options = {}): readonly string[] => {
      const token = azurite.sas(CONTAINER, options);
      tokens.push(token);
      return ['--storage-container-SAS-token', token];
    };
    const folderOf = (backup: Record<string, unknown>): string => {
      const url = String(backup['folderUrl']);
      assert.ok(url.startsWith(`${azurite.cloudUri(CONTAINER)}/mhsm-dev-`), url);
      return url.split('/').at(-1) ?? '';
    };
    const names = async (): Promise<readonly string[]> =>
      ((await json('keyvault key list --hsm-name dev')) as unknown as readonly { name: string }[]).map(
        (key) => key.name,
      );

    before(async () => {
      run = await loggedIn();
    });

    test('backs up by SAS and restores one key, and a name in capitals changes nothing', async () => {
      await json('keyvault key create --hsm-name dev --kty RSA-HSM --size 2048 --name az-kept');
      const backup = folderOf(await json('keyvault backup start --hsm-name dev', ...place(), ...sas()));
      await json('keyvault key delete --hsm-name dev --name az-kept');
      await json('keyvault key purge --hsm-name dev --name az-kept');
      const from = ['--backup-folder', backup];
      await json('keyvault restore start --hsm-name DeV --key-name az-kept', ...place(), ...sas(), ...from);
      assert.ok((await names()).includes('az-kept'));
      const entries = [...openEntries(places(product.data).instance('dev').audit).from(0)].map(
        ({ text }) =>
          JSON.parse(text) as {
            readonly operationName: string;
            readonly requestUri: string;
            readonly httpStatusCode: number;
          },
      );
      const restores = entries.filter(
        ({ operationName, requestUri, httpStatusCode }) =>
          operationName === 'KeyRestoreFromBackup' && requestUri.includes('/az-kept/') && httpStatusCode === 202,
      );
      assert.equal(restores.length, 1, 'az sends it again when the address to poll has another spelling');
    });

    test('backs up under the identity of the instance and restores everything', async () => {
      const identity = ['--use-managed-identity', 'true'];
      await json('keyvault key create --hsm-name dev --kty EC-HSM --name az-earlier');
      const backup = folderOf(await json('keyvault backup start --hsm-name dev', ...place(), ...identity));
      await json('keyvault key create --hsm-name dev --kty EC-HSM --name az-later');
      await json('keyvault restore start --hsm-name dev', ...place(), ...identity, '--backup-folder', backup);
      const after = await names();
      assert.ok(after.includes('az-earlier') && !after.includes('az-later'), after.join());
    });

    test('is told why a token, a container or a place is refused', async () => {
      const hour = 3_600_000;
      const spent = { startsOn: new Date(Date.now() - 2 * hour), expiresOn: new Date(Date.now() - hour) };
      const refusal = async (...values: readonly string[]): Promise<string> => {
        const { code, stderr } = await az('keyvault backup start --hsm-name dev', ...values);
        assert.notEqual(code, 0);
        return stderr;
      };
      assert.match(await refusal(...place(), ...sas(spent)), /the SAS token expired at/);
      assert.match(
        await refusal(...place(), '--storage-container-SAS-token', 'sv=1'),
        /SAS token is malformed\. The SAS token does not contain the expiry field/,
      );
      const elsewhere = ['--storage-account-name', 'elsewhere', '--blob-container-name', CONTAINER];
      assert.match(await refusal(...elsewhere, ...sas()), /is not a place that backups of this instance may use/);
    });
  });

  describe('the stock Python SDK', { skip: skipUnless('python-azure') }, () => {
    let ended: Ended;
    before(async () => {
      const env = {
        ...environment,
        CONTAINER: azurite.cloudUri(CONTAINER),
        SAS_FILE: join(folder, 'sas'),
        PYTHONDONTWRITEBYTECODE: '1',
      };
      ended = await runIn({ cwd: folder, env }, PYTHON, join(import.meta.dirname, 'clients/backup.py'));
    });
    testChecks(
      [
        'checks before',
        'backs up by sas',
        'backs up by identity',
        'restores one key',
        'leaves a key that is there',
        'tells a malformed token',
        'restores everything',
      ],
      () => ended,
    );
  });

  describe('a blob service as it comes, whose paths begin with the account', () => {
    let plain: Azurite;
    let place: string;
    let sasFile: string;
    before(async () => {
      const cwd = await mkdtemp(join(folder, 'plain-'));
      plain = await startAzurite({ folder: cwd, account: 'devstoreaccount1' });
      await plain.makeContainer('hsm');
      place = plain.containerUri('hsm');
      const added = await runStrongroom('backup', 'place', 'add', place, '--data', product.data);
      assert.equal(added.code, 0, added.stderr);
      const token = plain.sas('hsm');
      tokens.push(token);
      sasFile = join(cwd, 'sas');
      await writeFile(sasFile, token, { mode: 0o600 });
    });
    after(() => plain[Symbol.asyncDispose]());

    test('az backs up there and restores one key and everything', { skip: skipUnless('az') }, async () => {
      const az = await loggedIn();
      const json = async (...words: readonly string[]): Promise<Record<string, unknown>> => {
        const { code, stdout, stderr } = await az('keyvault', ...words, '--hsm-name', 'dev');
        assert.equal(code, 0, `${words.slice(0, 2).join(' ')}: ${stderr}`);
        return stdout.trim() === '' ? {} : (JSON.parse(stdout) as Record<string, unknown>);
      };
      const at = ['--storage-resource-uri', place, '--storage-container-SAS-token', await readFile(sasFile, 'utf8')];
      await json('key', 'create', '--kty', 'EC-HSM', '--name', 'az-plain');
      const { folderUrl } = await json('backup', 'start', ...at);
      assert.ok(String(folderUrl).startsWith(`${place}/mhsm-dev-`), String(folderUrl));
      const from = ['--backup-folder', String(folderUrl).split('/').at(-1) ?? ''];
      await json('key', 'delete', '--name', 'az-plain');
      await json('key', 'purge', '--name', 'az-plain');
      await json('restore', 'start', '--key-name', 'az-plain', ...at, ...from);
      await json('key', 'show', '--name', 'az-plain');
      await json('key', 'create', '--kty', 'EC-HSM', '--name', 'az-plain-later');
      await json('restore', 'start', ...at, ...from);
      const names = ((await json('key', 'list')) as unknown as readonly { name: string }[]).map(({ name }) => name);
      assert.ok(names.includes('az-plain') && !names.includes('az-plain-later'), names.join());
    });

    test('az restores from a directory', { skip: skipUnless('az') }, async () => {
      const az = await loggedIn();
      const directory = await mkdtemp(join(folder, 'directory-'));
      const uri = pathToFileURL(directory).href;
      const added = await runStrongroom('backup', 'place', 'add', directory, '--data', product.data);
      assert.equal(added.code, 0, added.stderr);
      const at = ['--hsm-name', 'dev', '--storage-resource-uri', uri, '--use-managed-identity', 'true'];
      const made = await az('keyvault', 'backup', 'start', ...at);
      assert.equal(made.code, 0, made.stderr);
      const { folderUrl } = JSON.parse(made.stdout) as { readonly folderUrl: string };
      const from = ['--backup-folder', folderUrl.split('/').at(-1) ?? ''];
      const restored = await az('keyvault', 'restore', 'start', ...at, ...from);
      assert.equal(restored.code, 0, restored.stderr);
    });

    describe('the stock Python SDK', { skip: skipUnless('python-azure') }, () => {
      let ended: Ended;
      before(async () => {
        const env = { ...environment, CONTAINER: place, SAS_FILE: sasFile, PYTHONDONTWRITEBYTECODE: '1' };
        ended = await runIn({ cwd: folder, env }, PYTHON, join(import.meta.dirname, 'clients/backup-paths.py'));
      });
      testChecks(['backs up', 'restores one key', 'checks', 'restores everything'], () => ended);
    });
  });

  test('the command of the product verifies what the service has written, and restores from it', async () => {
    const run = (...words: readonly string[]): Promise<Ended> =>
      runIn({ cwd: folder, env: environment }, PROGRAM, 'backup', ...words);
    const place = azurite.cloudUri(CONTAINER);
    const sas = ['--sas-file', join(folder, 'sas')];
    const data = ['--data', product.data];
    const started = await run('start', place, '--managed-identity', '--json', ...data);
    assert.equal(started.code, 0, started.stderr);
    const uri = (JSON.parse(started.stdout) as { azureStorageBlobContainerUri: string }).azureStorageBlobContainerUri;
    // The command resolves names as everybody does; an address is what this machine certainly knows.
    const byAddress = uri.replace(place, azurite.containerUri(CONTAINER));
    const verified = await run('verify', byAddress, ...sas, '--storage-ca', join(folder, 'ca.pem'), '--json');
    assert.equal(verified.code, 0, verified.stderr);
    const { whole, manifest } = JSON.parse(verified.stdout) as { whole: boolean; manifest: { domain: string } };
    assert.ok(whole);
    const other = await run(
      'verify',
      byAddress,
      ...sas,
      '--storage-ca',
      join(folder, 'ca.pem'),
      '--key',
      '0'.repeat(64),
    );
    assert.equal(other.code, 1);
    assert.match(other.stderr, /the backup is of the security domain .* not of 0000/);
    assert.match(manifest.domain, /^[0-9a-f]{64}$/);
    const checked = await run('restore', uri, '--managed-identity', '--check', ...data);
    assert.equal(checked.code, 0, checked.stderr);
    const listed = await run('list', azurite.containerUri(CONTAINER), ...sas, '--storage-ca', join(folder, 'ca.pem'));
    assert.ok(listed.stdout.includes(uri.split('/').at(-1) ?? '-'), listed.stdout + listed.stderr);
  });

  test('a backup in a container is tried, and a recovery from it rehearsed, by a token or by an identity', async () => {
    const container = azurite.containerUri(CONTAINER);
    const token = azurite.sas(CONTAINER, { permissions: 'rl' });
    tokens.push(token);
    const run = (env: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<Ended> =>
      runIn({ cwd: folder, env: { ...environment, ...env } }, PROGRAM, ...words);
    const { custodians } = places(product.data);
    const domain = ['--domain', join(custodians, 'dev-security-domain.json')];
    const [first = '', second = ''] = ['custodian-1.pem', 'custodian-2.pem'].map((name) => join(custodians, name));
    const more = ['--storage-ca', join(folder, 'ca.pem'), '--data', product.data];
    const started = await run(
      {},
      'backup',
      'start',
      azurite.cloudUri(CONTAINER),
      '--managed-identity',
      '--json',
      ...more.slice(2),
    );
    assert.equal(started.code, 0, started.stderr);
    const { azureStorageBlobContainerUri } = JSON.parse(started.stdout) as { azureStorageBlobContainerUri: string };
    const latest = azureStorageBlobContainerUri.split('/').at(-1) ?? '';

    const trial = [...domain, '--trial', '--custodian', first, '--custodian', second, ...more];
    const tried = await run({ AZURE_STORAGE_SAS_TOKEN: token }, 'backup', 'verify', container, ...trial);
    assert.equal(tried.code, 0, tried.stdout + tried.stderr);
    assert.match(tried.stdout, /The trial passed: \d+ keys? came back in a throw-away instance/);
    assert.ok(tried.stderr.includes(`the latest backup there is ${latest}\n`), tried.stderr);

    const prepared = await run({}, 'rehearse', 'prepare', '--out', join(folder, 'samples.json'), ...more.slice(2));
    assert.equal(prepared.code, 0, prepared.stderr);
    const { backupIdentity } = JSON.parse(await readFile(places(product.data).instance('dev').config, 'utf8')) as {
      readonly backupIdentity: object;
    };
    await writeFile(join(folder, 'identity.json'), JSON.stringify(backupIdentity));
    const rehearsed = await run(
      {},
      ...[
        'rehearse',
        '--depth',
        'full',
        ...domain,
        '--samples',
        join(folder, 'samples.json'),
        '--key',
        first,
        '--key',
        second,
      ],
      ...['--backup', `${container}/${latest}`, '--identity-file', join(folder, 'identity.json'), ...more],
    );
    assert.equal(rehearsed.code, 0, rehearsed.stdout + rehearsed.stderr);
    assert.match(rehearsed.stdout, /full rehearsal of 'dev': PASSED/);
    assert.ok(rehearsed.stdout.includes(latest), rehearsed.stdout);

    const unnamed = await run({}, 'backup', 'verify', container, ...trial);
    assert.equal(unnamed.code, 2);
    assert.match(unnamed.stderr, /a container needs --sas-file, \$AZURE_STORAGE_SAS_TOKEN, or an --identity-file/);
  });

  test('no token is in any file that the service has written, and none in what it printed', async () => {
    const started = await runIn(
      { cwd: folder, env: environment },
      ...([PROGRAM, 'backup', 'start', azurite.cloudUri(CONTAINER)] as const),
      ...['--sas-file', join(folder, 'sas'), '--data', product.data],
    );
    assert.equal(started.code, 0, started.stderr);
    const signatures = tokens.map((token) => new URLSearchParams(token).get('sig') ?? '');
    const secrets = [...signatures, ...signatures.map(encodeURIComponent)].map((text) => Buffer.from(text));
    assert.ok(secrets.every(({ length }) => length > 40));
    let files = 0;
    for (const { path, content } of filesBelow(product.data)) {
      files += 1;
      assert.ok(!secrets.some((secret) => content.includes(secret)), path);
    }
    assert.ok(files > 20);
    assert.ok(!secrets.some((secret) => product.output.includes(secret.toString())));
  });
});
