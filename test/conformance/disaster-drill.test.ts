// The disaster drill, from end to end, as docs/guide/disaster-drill.md tells it: a region is destroyed, another one takes over,
// and stock clients go on with the key identifiers that they have. What survives is what is kept elsewhere on purpose: the
// tenant, the security-domain file, the custodians' keys and a backup.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { copyFile, cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openInstanceClient } from '../../src/cli/instance-client.ts';
import { directoryFile } from '../../src/control/directory/directory-file.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { makeFullBackup } from '../support/full-backup.ts';
import { provisionInstance } from '../support/provision-instance.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { type RunningProduct, startProduct } from '../support/running-product.ts';
import { runIn } from './run-in.ts';

const CLIENT = join(import.meta.dirname, 'clients/unwrap-known.ts');

describe('the disaster drill', () => {
  let folder: string;
  let west: RunningProduct;
  let kid: string;
  let wrapped: string;
  const at = (...names: string[]): string => join(folder, ...names);
  const data = (region: string): string => at(region, 'data');
  const client = (region: string, instance: string) => openInstanceClient({ data: data(region), 'hsm-name': instance });
  /** A stock client in the shell of a region. */
  const use = async (product: RunningProduct, ...words: readonly string[]) => {
    const ended = await runIn(
      { cwd: product.data, env: await product.environment() },
      process.execPath,
      CLIENT,
      ...words,
    );
    assert.equal(ended.code, 0, ended.stderr);
    return JSON.parse(ended.stdout) as { readonly kid: string; readonly value: string };
  };
  const strongroom = async (...words: string[]) => {
    const ended = await runStrongroom(...words);
    assert.equal(ended.code, 0, ended.stderr);
    return ended.stdout;
  };

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'strongroom-drill-'));
    for (const region of ['east', 'west', 'elsewhere']) mkdirSync(at(region), { mode: 0o700 });
  });
  after(async () => {
    await west?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true, force: true });
  });

  test('before: consumers use an alias, a backup is made, and what must survive lies elsewhere', async () => {
    await using east = await startProduct({ data: data('east') });
    await strongroom('alias', 'set', 'payments', '--hsm-name', 'dev', '--data', east.data);
    const made = (await client('east', 'dev').ask('POST', '/keys/kek/create?api-version=7.6', {
      kty: 'RSA-HSM',
      key_size: 2048,
    })) as { key: { kid: string } };
    kid = made.key.kid.replace('//dev.', '//payments.');
    const used = await use(east, 'wrap', kid, 'an order of the day');
    assert.equal(used.kid, kid, 'the client names the key under the alias');
    wrapped = used.value;
    const backup = await makeFullBackup(east.data);
    await cp(backup, at('elsewhere', basename(backup)), { recursive: true });
    await cp(places(east.data).custodians, at('elsewhere', 'custodians'), { recursive: true });
    // The tenant is not part of the region.
    await copyFile(directoryFile(places(east.data).control), at('elsewhere', 'directory.json'));
    await copyFile(join(east.data, 'dev-clients.json'), at('elsewhere', 'dev-clients.json'));
    await east.kill();
  });

  test('the region is lost', async () => {
    await rm(at('east'), { recursive: true, force: true });
    assert.equal(existsSync(data('east')), false);
  });

  test('a new instance elsewhere takes over the security domain from packets of a quorum', async () => {
    const { control, backups } = places(data('west'));
    mkdirSync(control, { recursive: true, mode: 0o700 });
    await copyFile(at('elsewhere', 'directory.json'), directoryFile(control));
    await copyFile(at('elsewhere', 'dev-clients.json'), join(data('west'), 'dev-clients.json'));
    west = await startProduct({ data: data('west'), demo: false });
    await provisionInstance(west, 'west');
    const exchange = await client('west', 'west').ask('GET', '/securitydomain/upload?api-version=7.5');
    writeFileSync(at('exchange.json'), JSON.stringify(exchange));
    const shown = JSON.parse(await strongroom('custodian', 'fingerprint', at('exchange.json'), '--json')) as
      | readonly { readonly fingerprint: string }[]
      | { readonly fingerprint: string };
    const [told] = [shown].flat();
    const domain = at('elsewhere', 'custodians', 'dev-security-domain.json');
    const packets: string[] = [];
    for (const number of [1, 2]) {
      const out = at(`${number}.json`);
      await strongroom(
        ...['custodian', 'share', domain, '--purpose', 'recover', '--to', at('exchange.json'), '--out', out],
        ...['--key', at('elsewhere', 'custodians', `custodian-${number}.pem`)],
        ...['--yes', '--recipient-fingerprint', told?.fingerprint ?? ''],
      );
      packets.push(out);
    }
    const value = JSON.stringify({
      domain: readFileSync(domain, 'utf8'),
      packets: packets.map((file) => JSON.parse(readFileSync(file, 'utf8')) as unknown),
    });
    await client('west', 'west').ask('POST', '/securitydomain/upload?api-version=7.5', { value });
    await west.until(({ instances }) => instances['west']?.activation === 'Active');
    mkdirSync(backups, { recursive: true, mode: 0o700 });
  });

  test('the backup is restored', async () => {
    const { backups } = places(data('west'));
    const name = readdirSync(at('elsewhere')).find((each) => each.startsWith('mhsm-')) ?? '';
    await cp(at('elsewhere', name), join(backups, name), { recursive: true });
    await strongroom(
      'backup',
      'restore',
      join(backups, name),
      '--hsm-name',
      'west',
      '--data',
      data('west'),
      '--replace-everything',
    );
    const { value } = (await client('west', 'west').ask('GET', '/keys?api-version=7.6')) as { value: object[] };
    assert.equal(value.length, 2);
  });

  test('consumers go on under the same address, under the name of the lost instance, and under the new one', async () => {
    await strongroom('alias', 'set', 'payments', '--hsm-name', 'west', '--data', data('west'));
    await strongroom('alias', 'set', 'dev', '--hsm-name', 'west', '--data', data('west'));
    for (const name of ['payments', 'dev', 'west']) {
      const used = await use(west, 'unwrap', kid.replace('//payments.', `//${name}.`), wrapped);
      assert.equal(used.value, 'an order of the day', name);
      assert.equal(used.kid, kid.replace('//payments.', `//${name}.`));
    }
    const list = JSON.parse(await strongroom('alias', 'list', '--data', data('west'), '--json')) as {
      serves: boolean;
    }[];
    assert.deepEqual(
      list.map(({ serves }) => serves),
      [true, true],
    );
  });
});
