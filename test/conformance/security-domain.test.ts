// Recovery through the stock clients, as an operator walks it: the security domain of an HSM that is gone, with a quorum of
// its custodians' keys, into a new one. Then other custodians, for whom the stock download works like for the first.
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { PYTHON, skipUnless } from '../system-programs.ts';
import { type AzureCli, azureCli } from './azure-cli.ts';
import { type Ended, runIn } from './run-in.ts';

/** The first five are under passphrases. */
const HOLDERS = Array.from({ length: 10 }, (_, index) => `holder${index + 1}`);
const ENCRYPTED = 5;
const passphraseOf = (holder: string): string => `the passphrase of ${holder}`;

describe('a security domain, by the stock clients', { skip: skipUnless('az', 'openssl', 'python-azure') }, () => {
  let product: RunningProduct;
  let folder: string;
  let environment: Readonly<Record<string, string>>;
  let az: AzureCli;
  let administrator: string;

  const at = (...names: readonly string[]): string[] => names.map((name) => join(folder, name));
  const file = (name: string): string => join(folder, name);
  const certificatesOf = (holders: readonly string[]): string[] => at(...holders.map((holder) => `${holder}.cer`));
  const keysOf = (holders: readonly string[]): string[] => at(...holders.map((holder) => `${holder}.pem`));
  const json = async (...args: readonly string[]): Promise<Record<string, never>> =>
    (await az.json('keyvault', ...args)) as Record<string, never>;
  const tool = (...words: readonly string[]): Promise<Ended> =>
    runIn({ cwd: folder, env: cleanEnvironment() }, join(CHECKOUT, 'strongroom'), ...words);

  before(async () => {
    product = await startProduct({ demo: false });
    folder = await mkdtemp(join(tmpdir(), 'strongroom-domain-'));
    environment = await product.environment();
    az = await azureCli(environment);
    for (const [index, holder] of HOLDERS.entries()) {
      const phrase = index < ENCRYPTED ? ['-passout', `pass:${passphraseOf(holder)}`] : ['-nodes'];
      const words = `req -newkey rsa:2048 -keyout ${holder}.pem -x509 -days 30 -out ${holder}.cer -subj /CN=${holder}`;
      const made = await runIn({ cwd: folder, env: cleanEnvironment() }, 'openssl', ...words.split(' '), ...phrase);
      assert.equal(made.code, 0, made.stderr);
    }
    const secret = ['-u', environment['AZURE_CLIENT_ID'] ?? '', '-p', environment['AZURE_CLIENT_SECRET'] ?? ''];
    await az.json('login', '--service-principal', ...secret, '--tenant', environment['AZURE_TENANT_ID'] ?? '');
    const self = (await az.json('ad', 'sp', 'show', '--id', environment['AZURE_CLIENT_ID'] ?? '')) as { id: string };
    administrator = self.id;
    await az.json('group', 'create', '-n', 'rg', '-l', 'eastus2');
  });
  after(async () => {
    await az[Symbol.asyncDispose]();
    await product[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  async function create(hsm: string): Promise<void> {
    const words = `create --hsm-name ${hsm} -g rg -l eastus2 --retention-days 7 --administrators ${administrator}`;
    await json(...words.split(' '));
  }

  async function remove(hsm: string): Promise<void> {
    await az.json('keyvault', 'delete', '--hsm-name', hsm, '-g', 'rg');
  }

  async function activate(hsm: string, holders: readonly string[], quorum: number): Promise<void> {
    await json(
      ...`security-domain download --hsm-name ${hsm} --sd-quorum ${quorum}`.split(' '),
      ...['--security-domain-file', file(`${hsm}.json`), '--sd-wrapping-keys', ...certificatesOf(holders)],
    );
  }

  async function allowKeys(hsm: string): Promise<void> {
    for (const role of ['Managed HSM Crypto User', 'Managed HSM Crypto Officer']) {
      const words = `role assignment create --hsm-name ${hsm} --scope / --assignee ${administrator} --role`;
      await json(...words.split(' '), role);
    }
  }

  async function activationOf(hsm: string): Promise<unknown> {
    const shown = (await json('show', '--hsm-name', hsm)) as Record<string, Record<string, Record<string, unknown>>>;
    return shown['properties']?.['securityDomainProperties']?.['activationStatus'];
  }

  const initRecovery = (hsm: string): Promise<unknown> =>
    json('security-domain', 'init-recovery', '--hsm-name', hsm, '--sd-exchange-key', file(`${hsm}-exchange.cer`));
  const blobOptions = (from: string, to: string, holders: readonly string[], phrases: readonly string[]): string[] => [
    ...['--sd-file', file(`${from}.json`), '--sd-exchange-key', file(`${to}-exchange.cer`)],
    ...['--sd-wrapping-keys', ...keysOf(holders)],
    ...(phrases.length === 0 ? [] : ['--passwords', ...phrases]),
  ];

  test('2 of 3: init-recovery, restore-blob offline, upload --restore-blob; a key backup of the lost HSM opens', async () => {
    const holders = HOLDERS.slice(5, 8);
    await create('lost-a');
    await activate('lost-a', holders, 2);
    await allowKeys('lost-a');
    const made = await json('key', 'create', '--hsm-name', 'lost-a', '-n', 'tde', '--kty', 'RSA-HSM', '--size', '2048');
    await json('key', 'backup', '--hsm-name', 'lost-a', '-n', 'tde', '--file', file('tde.backup'));
    await remove('lost-a');
    await create('new-a');
    assert.equal(await activationOf('new-a'), 'NotActivated');
    await initRecovery('new-a');
    const two = [holders[2] ?? '', holders[0] ?? ''];
    await json(
      ...['security-domain', 'restore-blob', '--sd-file-restore-blob', file('new-a.blob')],
      ...blobOptions('lost-a', 'new-a', two, []),
    );
    const uploaded = await json(
      ...['security-domain', 'upload', '--hsm-name', 'new-a', '--sd-file', file('new-a.blob'), '--restore-blob'],
    );
    assert.equal(uploaded['status'], 'Success');
    assert.equal(await activationOf('new-a'), 'Active');
    await allowKeys('new-a');
    const restored = await json('key', 'restore', '--hsm-name', 'new-a', '--file', file('tde.backup'));
    assert.equal(restored['key']?.['n'], made['key']?.['n']);
    await writeFile(file('other.blob'), `${await readFile(file('new-a.blob'), 'utf8')} `);
    const again = await az.run(
      ...['keyvault', 'security-domain', 'upload', '--hsm-name', 'new-a', '--sd-file', file('other.blob')],
      '--restore-blob',
    );
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /Conflict/);
    assert.match(again.stderr, /The HSM is activated/);
  });

  test('3 of 5 whose keys are under passphrases, names with capitals: upload makes the blob itself', async () => {
    const holders = HOLDERS.slice(0, 5);
    await create('Lost-B');
    await activate('Lost-B', holders, 3);
    await remove('Lost-B');
    await create('New-B');
    await initRecovery('New-B');
    const three = [holders[4] ?? '', holders[1] ?? '', holders[3] ?? ''];
    const upload = (phrases: readonly string[], people = three) =>
      az.run(
        ...['keyvault', 'security-domain', 'upload', '--hsm-name', 'New-B', '--output', 'json'],
        ...blobOptions('Lost-B', 'New-B', people, phrases),
      );
    const wrong = await upload(three.map(() => 'not it'));
    assert.notEqual(wrong.code, 0);
    const few = await upload(three.slice(1).map(passphraseOf), three.slice(1));
    assert.match(few.stderr, /should not less than 3|Insufficient/);
    assert.equal(await activationOf('New-B'), 'NotActivated');
    const done = await upload(three.map(passphraseOf));
    assert.equal(done.code, 0, done.stderr);
    assert.equal(await activationOf('New-B'), 'Active');
  });

  test('10 of 10, and a blob for another HSM is refused', async () => {
    await create('lost-c');
    await activate('lost-c', HOLDERS, 10);
    await create('other-c');
    await create('new-c');
    await initRecovery('other-c');
    await initRecovery('new-c');
    const phrases = HOLDERS.slice(0, ENCRYPTED).map(passphraseOf);
    const upload = (exchange: string) =>
      az.run(
        ...['keyvault', 'security-domain', 'upload', '--hsm-name', 'new-c', '--output', 'json'],
        ...blobOptions('lost-c', exchange, HOLDERS, phrases),
      );
    const foreign = await upload('other-c');
    assert.notEqual(foreign.code, 0);
    assert.match(foreign.stderr, /is encrypted to another transfer key: fetch the present one and make the blob again/);
    const done = await upload('new-c');
    assert.equal(done.code, 0, done.stderr);
    assert.equal((JSON.parse(done.stdout) as { status: string }).status, 'Success');
    for (const hsm of ['lost-c', 'other-c', 'new-c']) await remove(hsm);
  });

  test('the Python SDK downloads, shows the exchange key and uploads', async () => {
    const holders = HOLDERS.slice(5, 8);
    await create('lost-d');
    await create('new-d');
    const python = async (...words: readonly string[]): Promise<void> => {
      const env = { ...environment, PYTHONDONTWRITEBYTECODE: '1' };
      const script = join(import.meta.dirname, 'clients/security_domain.py');
      const { stdout, stderr } = await runIn({ cwd: folder, env }, PYTHON, script, ...words);
      assert.equal(stdout, 'done\n', stderr);
    };
    const uri = (hsm: string): string => `https://${hsm}.managedhsm.azure.net`;
    const files = [file('lost-d.json'), file('new-d-exchange.cer'), ...certificatesOf(holders)];
    await python('take', uri('lost-d'), uri('new-d'), ...files);
    await json(
      ...['security-domain', 'restore-blob', '--sd-file-restore-blob', file('new-d.blob')],
      ...blobOptions('lost-d', 'new-d', holders.slice(1), []),
    );
    await python('give', uri('new-d'), file('new-d.blob'));
    assert.equal(await activationOf('new-d'), 'Active');
    for (const hsm of ['lost-d', 'new-d']) await remove(hsm);
  });

  test('custodians gather their packets apart and settle others, for whom the stock download works', async () => {
    const present = HOLDERS.slice(5, 8);
    const next = HOLDERS.slice(7, 10);
    const url = 'https://new-a.managedhsm.azure.net/securitydomain/resharing?api-version=7.5';
    const rest = (method: string, ...more: readonly string[]): Promise<unknown> =>
      az.json('rest', '--method', method, '--url', url, '--resource', 'https://managedhsm.azure.net', ...more);
    const download = (holders: readonly string[], out: string) =>
      az.run(
        ...'keyvault security-domain download --hsm-name new-a --sd-quorum 2 --output json'.split(' '),
        ...['--security-domain-file', file(out), '--sd-wrapping-keys', ...certificatesOf(holders)],
      );
    const refused = await download(next, 'too-early.json');
    assert.notEqual(refused.code, 0);
    assert.match(refused.stderr, /OtherCustodians|activated for other custodians/);
    const kept = await download(present, 'new-a.json');
    assert.equal(kept.code, 0, kept.stderr);

    const shown = await rest('get');
    await writeFile(file('resharing.json'), JSON.stringify(shown));
    const packets: unknown[] = [];
    for (const holder of present.slice(0, 2)) {
      const told = await tool(...['custodian', 'fingerprint', file('resharing.json'), '--json']);
      assert.equal(told.code, 0, told.stderr);
      const { fingerprint } = JSON.parse(told.stdout) as { fingerprint: string };
      const given = await tool(
        ...['custodian', 'share', file('new-a.json'), '--key', file(`${holder}.pem`), '--purpose', 'reshare'],
        ...['--to', file('resharing.json'), '--required', '2', '--yes', '--recipient-fingerprint', fingerprint],
        ...certificatesOf(next).flatMap((path) => ['--successor', path]),
        ...['--out', file(`${holder}.packet`)],
      );
      assert.equal(given.code, 0, given.stderr);
      packets.push(JSON.parse(await readFile(file(`${holder}.packet`), 'utf8')));
    }
    const certificates = await Promise.all(
      certificatesOf(next).map(async (path) => ({
        kty: 'RSA',
        x5c: [(await readFile(path, 'utf8')).replaceAll(/-----[^-]+-----|\s/g, '')],
      })),
    );
    const domain = await readFile(file('new-a.json'), 'utf8');
    await writeFile(file('body.json'), JSON.stringify({ certificates, required: 2, domain, packets }));
    await rest('post', '--body', `@${file('body.json')}`);

    const late = await download(present, 'too-late.json');
    assert.match(late.stderr, /OtherCustodians|activated for other custodians/);
    const done = await download(next, 'next.json');
    assert.equal(done.code, 0, done.stderr);
    const keys = keysOf(next.slice(0, 2)).flatMap((path) => ['--key', path]);
    const opened = await tool('custodian', 'open', file('next.json'), '--json', ...keys);
    assert.equal(opened.code, 0, opened.stderr);
    assert.equal((JSON.parse(opened.stdout) as { instanceName: string }).instanceName, 'new-a');
  });
});
