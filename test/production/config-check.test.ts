// `strongroom config check`: the rules of a start without a start, and what a start does not ask for: names, issuers' keys, a token.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { Finding } from '../../src/deployment/checks/config-checks.ts';
import { places } from '../../src/deployment/data-layout.ts';
import { fetchJwks } from '../../src/features/auth/fetch-jwks.ts';
import { type ConfigQuestion, findingsOn } from '../../src/tools/config-check/check-config.ts';
import { runStrongroom as strongroom } from '../support/run-strongroom.ts';
import { ARM, ARM_AUDIENCE, DOMAIN, GRAPH, makeSite, type Site } from '../support/running-production.ts';

type Json = Record<string, unknown>;

describe('config check', () => {
  let site: Site;
  before(async () => {
    site = await makeSite();
  });
  after(() => site[Symbol.asyncDispose]());

  const lookup = (host: string): Promise<readonly string[]> =>
    host.endsWith('.example.org') ? Promise.resolve(['127.0.0.1']) : Promise.reject(new Error('no such name'));

  async function find(
    change: Json | ((config: Json) => unknown),
    more: Partial<ConfigQuestion> = {},
  ): Promise<readonly Finding[]> {
    const config = structuredClone(site.config);
    await site.write((typeof change === 'function' ? (change(config), config) : { ...config, ...change }) as Json);
    const found: Finding[] = [];
    for await (const each of findingsOn({ configFile: site.configFile, lookup, fetchJwks, ...more })) found.push(each);
    return found;
  }
  const but = (found: readonly Finding[], outcome: Finding['outcome']): readonly string[] =>
    found.filter((each) => each.outcome === outcome).map(({ check, says }) => `${check}: ${says}`);
  const firstIssuer = (config: Json): Json => (config.issuers as Json[])[0] ?? {};

  test('a sound configuration passes every row, and a token is taken by the plane that it is for', async () => {
    const oid = randomUUID();
    for (const [aud, by] of [
      [`https://${DOMAIN}`, 'instances'],
      [ARM_AUDIENCE, 'the resource manager'],
    ] as const) {
      const found = await find({}, { at: places(site.data), token: await site.issuer.token(oid, { aud }) });
      assert.deepEqual([but(found, 'fail'), but(found, 'warn')], [[], []]);
      assert.deepEqual(
        [...new Set(found.map(({ check }) => check))],
        ['file', 'members', 'issuers', 'files', 'seal', 'certificates', 'data', 'listen', 'names', 'keys', 'token'],
      );
      assert.equal(found.at(-1)?.says, `taken by ${by}, as app ${oid}`);
    }
  });

  test('a file of the dev profile is told as that, and not by the first member that production has besides', async () => {
    const dev = { health: { port: 0 }, limits: {} };
    const found = await find((config) => {
      for (const member of Object.keys(config)) Reflect.deleteProperty(config, member);
      Object.assign(config, dev);
    });
    assert.match(but(found, 'fail').join(), /^file: .* is one of the dev profile, whose members are in order: /);
    const neither = await find((config) => Reflect.deleteProperty(config, 'tenantId'));
    assert.match(but(neither, 'fail').join(), /^file: .*: config\.tenantId is missing$/);
  });

  test('a token that nobody takes is told why, without any of its text', async () => {
    const foreign = await site.issuer.token(randomUUID(), { aud: 'https://elsewhere.example.org' });
    const [said = ''] = but(await find({}, { token: foreign }), 'fail');
    assert.match(said, /^token: nobody takes it: .*audience.*aud "https:\/\/elsewhere\.example\.org"/);
    assert.ok(!said.includes(foreign.split('.')[2] ?? ''));
    assert.match(but(await find({}, { token: 'garbage' }), 'fail').join(), /^token: nobody takes it: .*no JWT/);
  });

  test('names that lead nowhere or elsewhere, and keys that cannot be had', async () => {
    const nowhere = (host: string): Promise<readonly string[]> =>
      host === GRAPH
        ? Promise.resolve(['192.0.2.7'])
        : Promise.reject(Object.assign(new Error(), { code: 'ENOTFOUND' }));
    const found = await find((config) => void (firstIssuer(config).jwksUri = 'https://127.0.0.1:1/keys'), {
      lookup: nowhere,
    });
    assert.match(
      but(found, 'fail')[0] ?? '',
      new RegExp(`^names: ${ARM} does not resolve \\(ENOTFOUND\\): make a record`),
    );
    assert.match(
      but(found, 'fail')[1] ?? '',
      /^names: login\.example\.org does not resolve .*clients get their tokens there/,
    );
    assert.match(but(found, 'fail')[2] ?? '', /^keys: issuers\[0\]: no token of .* can be checked: .*127\.0\.0\.1:1/);
    assert.match(
      but(found, 'warn')[0] ?? '',
      new RegExp(`^names: ${GRAPH} leads to 192\\.0\\.2\\.7, and the service will listen at 127`),
    );
    assert.match(but(found, 'warn')[1] ?? '', /^names: any\.hsm\.example\.org does not resolve/);
  });

  test('a chain that ends nowhere and a certificate that ends soon are warnings, a port in use too', async () => {
    const unknown = await find((config) => void delete (config.tls as Json).authority);
    assert.match(
      but(unknown, 'warn')[0] ?? '',
      /^certificates: tls\.instances\.certificate: the certificate is issued by .*neither in the file/,
    );
    const soon = await site.authority.issue([`*.${DOMAIN}`], { from: Date.now() - 86_400_000, days: 5 });
    const pair = {
      certificate: await site.file('soon.pem', soon.certificate, 0o644),
      key: await site.file('soon.key', soon.key),
    };
    const ends = await find((config) => void ((config.tls as Json).instances = pair));
    assert.match(
      but(ends, 'warn')[0] ?? '',
      /^certificates: tls\.instances\.certificate: the certificate ends at .*: renew it/,
    );
    const forClients = await site.authority.issue([ARM, GRAPH], { forClients: true });
    const known = {
      certificate: await site.file('both.pem', forClients.certificate, 0o644),
      key: await site.file('both.key', forClients.key),
    };
    const clientAuthorities = join(site.folder, 'authority.pem');
    for (const [change, expected] of [
      [{ clientAuthorities }, 1],
      [{ clientAuthorities, resourceManager: known }, 0],
    ] as const) {
      const found = but(await find((config) => void Object.assign(config.tls as Json, change)), 'warn');
      assert.equal(found.length, expected, found.join());
      assert.ok(found.every((says) => says.includes('tls.resourceManager.certificate is not for clients')));
    }
    const taken = await find({ listen: { address: '127.0.0.1', port: Number(new URL(site.issuer.jwksUri).port) } });
    assert.match(but(taken, 'warn').join(), /listen: .* is in use/);
  });

  test('the command shows all that is wrong, a start refuses with the first of it in the same words', async () => {
    const open = await site.file('open', 'correct horse battery staple\n', 0o644);
    const config = structuredClone(site.config);
    firstIssuer(config).audiences = ['https://other.example.org'];
    config.seal = { kind: 'passphrase', passphraseFile: open };
    config.separation = 'azure';
    await site.write(config);
    const { code, stdout } = await strongroom('config', 'check', site.configFile, '--offline');
    assert.equal(code, 1, stdout);
    const failures = stdout.split('\n').filter((line) => line.startsWith('fail'));
    assert.deepEqual(
      failures.map((line) => line.split(/\s+/)[1]),
      ['members', 'members', 'seal'],
    );
    const first = failures[0]?.slice('fail  '.length + 14) ?? 'nothing';
    assert.ok((await site.refused()).text.includes(first), first);
  });

  test('--json, and the exit code of warnings alone', async () => {
    const config = structuredClone(site.config);
    delete (config.tls as Json).authority;
    await site.write(config);
    const token = await site.file('token', await site.issuer.token(randomUUID(), { aud: ARM_AUDIENCE }));
    const args = [site.configFile, '--offline', '--json', '--token-file', token, '--data', site.data];
    const { code, stdout, stderr } = await strongroom('config', 'check', ...args);
    assert.equal(code, 0, stderr);
    const { failed, checks } = JSON.parse(stdout) as { failed: boolean; checks: readonly Finding[] };
    assert.equal(failed, false);
    assert.ok(!checks.some(({ check }) => check === 'names'), 'no network was asked');
    assert.match(checks.at(-1)?.says ?? '', /keys of the token issuer cannot be fetched/);
    await writeFile(join(site.data, 'dev-clients.json'), '{}');
    const other = await strongroom('config', 'check', ...args);
    assert.equal(other.code, 1);
    assert.match(other.stdout, /is a data directory of the dev profile/);
    await rm(join(site.data, 'dev-clients.json'));
    assert.equal((await strongroom('config', 'check')).code, 2);
    const nowhere = await strongroom('config', 'check', '/nowhere/config.json', '--offline');
    assert.match(nowhere.stdout, /^fail  file          \/nowhere\/config\.json: ENOENT/);
  });
});
