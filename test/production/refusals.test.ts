// What the production profile does not start with. Each refusal is one line that names the member and says what to set. The first
// are seen as their operator sees them; the others where a start makes them, which a whole start would only print.
import assert from 'node:assert/strict';
import { chmod, mkdir, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { places } from '../../src/deployment/data-layout.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { ConfigError } from '../../src/deployment/start-config.ts';
import { formatWitnessKey } from '../../src/formats/cosignature.ts';
import { openProductionProfile } from '../../src/supervisor/production/profile.ts';
import { makeSelfSigned } from '../support/operator-authority.ts';
import { ARM, DOMAIN, GRAPH, makeSite, type Site } from '../support/running-production.ts';

const GUID = '0a0a0a0a-0000-4000-8000-000000000000';
type Json = Record<string, unknown>;

describe('production refuses to start', () => {
  let site: Site;
  before(async () => {
    site = await makeSite();
  });
  after(() => site[Symbol.asyncDispose]());

  type Change = Json | ((config: Json) => unknown);
  async function write(change: Change): Promise<void> {
    const config = structuredClone(site.config);
    const changed = typeof change === 'function' ? change(config) : { ...config, ...change };
    await site.write((changed ?? config) as Json);
  }
  function isOneLine(text: string, expected: RegExp): void {
    assert.match(text, expected);
    assert.equal(text.trim().split('\n').length, 1, `one line, and no stack: ${text}`);
  }
  async function refusesToStart(change: Change, expected: RegExp): Promise<void> {
    await write(change);
    const { code, text } = await site.refused();
    assert.equal(code, 1, text);
    isOneLine(text, expected);
  }
  async function refuses(change: Change, expected: RegExp): Promise<void> {
    await write(change);
    const at = places(site.data);
    const opened = openProductionProfile(at, site.configFile, () => undefined);
    const error: unknown = await opened.then(
      (profile) => profile[Symbol.asyncDispose](),
      (refusal: unknown) => refusal,
    );
    assert.ok(error instanceof ConfigError, `it is not refused: ${String(error)}`);
    // As the supervisor prints it.
    isOneLine(`strongroom: ${error.message}`, expected);
  }
  const tlsOf = (config: Json): Record<string, Json> => config.tls as Record<string, Json>;
  const firstIssuer = (config: Json): Json => (config.issuers as Json[])[0] ?? {};
  const pairOf = async (name: string, issued: { key: string; certificate: string }): Promise<Json> => ({
    certificate: await site.file(`${name}.pem`, issued.certificate),
    key: await site.file(`${name}.key`, issued.key),
  });

  test('with an unknown member, without a needed one, or with none of JSON', async () => {
    await refusesToStart({ proxy: true }, /config has the unknown member "proxy"/);
    await refusesToStart((config) => void delete config.seal, /config\.seal is missing.*"passphrase".*"people"/);
    await refusesToStart((config) => void delete tlsOf(config).instances, /config\.tls\.instances is missing/);
    await writeFile(site.configFile, '{');
    assert.match((await site.refused()).text, /cannot be read as JSON/);
  });

  test('with a place for backups or events that no instance would start with', async () => {
    const places = (uri: string): Json => ({ backupTargets: [{ uri: 'https://a.example.org/hsm' }, { uri }] });
    const wanted = / backupTargets: '.*' must be https:\/\/host\[:port\]\[\/path\] or file:\/\/\/folder/;
    await refuses(places('/srv/backups'), wanted);
    await refuses(places('http://127.0.0.1:10000/account'), wanted);
    await refuses(
      { eventTargets: [{ origin: 'https://events.example.org/hook' }] },
      / eventTargets: '.*' must be https:\/\/host\[:port\] and nothing more/,
    );
  });

  test('with a sink that cannot be one, without telling what its address holds', async () => {
    const otlp = (name: string, url: string): Json => ({ name, kind: 'otlp', url });
    const first = otlp('one', 'https://logs.example.org/v1/logs');
    const wanted = /the url of 'two' must be https:\/\/host\[:port\]\/path without user, query and fragment/;
    for (const url of [
      'http://127.0.0.1:4318/v1/logs',
      'https://u:hush@a.example.org/',
      'https://a.example.org/?k=hush',
    ]) {
      await refuses({ sinks: [first, otlp('two', url)] }, wanted);
    }
    await refuses({ sinks: [first, first] }, /config\.sinks\[1\]\.name: another sink is called 'one'/);
    await refuses({ sinks: [{ ...first, kind: 'carrier-pigeon' }] }, /sinks\[0\]\.kind must be one of: /);
    await refuses({ sinks: [{ ...first, token: 'hush' }] }, /sinks\[0\] has the unknown member "token"/);
    await refuses(
      { sinks: [{ name: 'f', kind: 'file', path: '/nowhere/log' }] },
      /sinks\[0\]\.path: there is no folder \/nowhere: make it/,
    );
  });

  test('with a self-signed certificate, or one of the development authority', async () => {
    const own = await pairOf('self', await makeSelfSigned([`*.${DOMAIN}`]));
    await refuses((config) => void (tlsOf(config).instances = own), /self-signed.*Set a certificate/);
    const dev = issueAuthority(new Date());
    const leaf = await pairOf('dev', issueServer(dev, [`*.${DOMAIN}`], new Date()));
    await refuses((config) => void (tlsOf(config).instances = leaf), /development authority.*of your own authority/);
  });

  test('with a certificate that has expired, belongs to another key, or is for other names', async () => {
    const past = { from: Date.now() - 100 * 86_400_000, days: 90 };
    const old = await pairOf('old', await site.authority.issue([`*.${DOMAIN}`], past));
    await refuses((config) => void (tlsOf(config).instances = old), /has expired \(.*renew it/);
    const { instances, resourceManager } = tlsOf(site.config);
    await refuses(
      (config) => void (tlsOf(config).instances = { ...instances, key: resourceManager?.key }),
      /tls\.instances\.key: .* is not the key of the certificate/,
    );
    const other = await pairOf('other', await site.authority.issue(['arm.other.org']));
    const apart = await pairOf('apart', await site.authority.issue(['*.other.org', DOMAIN]));
    await refuses(
      (config) => void (tlsOf(config).instances = apart),
      new RegExp(
        `tls\\.instances\\.certificate: .* does not cover any name below ${DOMAIN}.*set one for \\*\\.${DOMAIN}`,
      ),
    );
    await refusesToStart(
      (config) => void (tlsOf(config).resourceManager = other),
      new RegExp(
        `tls\\.resourceManager\\.certificate: .* does not cover ${ARM}, ${GRAPH} \\(it is for DNS:arm\\.other\\.org\\)`,
      ),
    );
  });

  test('with a certificate of the management plane that could answer for an instance', async () => {
    const both = await pairOf('both', await site.authority.issue([ARM, GRAPH, `*.${DOMAIN}`]));
    await refuses((config) => void (tlsOf(config).resourceManager = both), /good for instances too/);
    await refuses((config) => {
      tlsOf(config).instances = both;
      tlsOf(config).resourceManager = both;
    }, /set a certificate and a key of its own/);
    for (const name of [`vault1.${DOMAIN}`, `v*.${DOMAIN}`, DOMAIN, `Vault1.${DOMAIN.toUpperCase()}`]) {
      const one = await pairOf('one', await site.authority.issue([ARM, GRAPH, name]));
      await refuses(
        (config) => void (tlsOf(config).resourceManager = one),
        new RegExp(`good for instances too \\(${name.toLowerCase().replaceAll(/[.*]/g, '\\$&')}\\)`),
      );
    }
  });

  test('with keys, configuration or data directory that others can reach', async () => {
    const key = join(site.folder, 'instances.key');
    await chmod(key, 0o644);
    await refusesToStart({}, /tls\.instances\.key: .* is open to others \(mode 644\).*chmod 600/);
    await chmod(key, 0o600);
    await chmod(join(site.folder, 'passphrase'), 0o604);
    await refuses({}, /seal\.passphraseFile: .* is open to others \(mode 604\)/);
    await chmod(join(site.folder, 'passphrase'), 0o600);
    await chmod(site.data, 0o750);
    await refuses({}, /the data directory .* is open to others \(mode 750\): chmod 700/);
    await chmod(site.data, 0o700);
    await site.write(site.config);
    await chmod(site.configFile, 0o622);
    assert.match((await site.refused()).text, /others may write to .*: chmod go-w/);
    await chmod(site.configFile, 0o600);
  });

  test('with a sink whose file is not one of its own', async () => {
    const to = (path: string): Json => ({ sinks: [{ name: 'f', kind: 'file', path }] });
    const path = join(site.folder, 'sent.jsonl');
    const folder = join(site.folder, 'sent');
    await mkdir(folder);
    await refuses(to(folder), /sinks\[0\]\.path: .*\/sent is a folder: name a file/);
    await refuses(to(`${folder}/`), /sinks\[0\]\.path: .*\/sent\/ is not the name of one file/);
    await refuses(to(join(folder, '*')), /sinks\[0\]\.path: .*\/\* is not the name of one file/);
    await symlink(path, join(folder, 'link'));
    await refuses(to(join(folder, 'link')), /sinks\[0\]\.path: .*\/link is no plain file/);
    await symlink(site.data, join(folder, 'data'));
    for (const inside of [join(site.data, 'production.json'), join(site.data, 'new'), join(folder, 'data', 'new')])
      await refuses(
        to(inside),
        /sinks\[0\]\.path: .* is in the data directory, which is the service's: name a file else/,
      );
    await chmod(folder, 0o1777);
    await refuses(to(join(folder, 'new')), /sinks\[0\]\.path: others may make files in .*\/sent: chmod go-w/);
    await chmod(folder, 0o700);
    await writeFile(path, '', { mode: 0o644 });
    await refuses(to(path), /sinks\[0\]\.path: .* is open to others \(mode 644\), and it has the log: chmod 600/);
    await chmod(path, 0o640);
    await write(to(path));
    await using _ = await openProductionProfile(places(site.data), site.configFile, () => undefined);
  });

  test('with any file that others can change, or exchange in its folder', async () => {
    const open = await site.file('open.pem', site.authority.certificate, 0o666);
    const backupIdentity = { kind: 'clientCredential', tokenEndpoint: 'https://login.example.org/t', clientId: 'a' };
    const blob = { name: 'b', kind: 'blob', url: 'https://a.blob.core.windows.net' };
    const witnessKey = formatWitnessKey('w', new Uint8Array(32));
    const edits: Readonly<Record<string, (config: Json) => unknown>> = {
      'issuers\\[0\\]\\.keysFile': (config) => (firstIssuer(config).keysFile = open),
      'issuers\\[0\\]\\.caFile': (config) => (firstIssuer(config).caFile = open),
      'tls\\.clientAuthorities': (config) => Object.assign(config.tls as Json, { clientAuthorities: open }),
      'tls\\.authority': (config) => Object.assign(config.tls as Json, { authority: open }),
      'tls\\.instances\\.certificate': (config) =>
        (tlsOf(config).instances = { ...tlsOf(config).instances, certificate: open }),
      'eventTargets\\[0\\]\\.caFile': (config) =>
        (config.eventTargets = [{ origin: 'https://a.example.org', caFile: open }]),
      'backupTargets\\[0\\]\\.caFile': (config) =>
        (config.backupTargets = [{ uri: 'https://a.example.org', caFile: open }]),
      'sinks\\[0\\]\\.caFile': (config) =>
        (config.sinks = [{ name: 's', kind: 'syslog', host: 'a.example.org', caFile: open }]),
      'backupIdentity\\.caFile': (config) =>
        (config.backupIdentity = { ...backupIdentity, secretFile: open, caFile: open }),
      'sinks\\[0\\]\\.identity\\.caFile': (config) =>
        (config.sinks = [{ ...blob, identity: { ...backupIdentity, secretFile: open, caFile: open } }]),
      'witnesses\\[0\\]\\.caFile': (config) =>
        (config.witnesses = [{ name: 'w', url: 'https://w.example.org', key: witnessKey, caFile: open }]),
    };
    for (const [member, edit] of Object.entries(edits)) {
      const expected = new RegExp(`${member}: others may write to .*open\\.pem \\(mode 666\\).*chmod go-w`);
      await refuses((config) => void edit(config), expected);
    }
    const rules = join(site.folder, 'rules');
    await mkdir(rules);
    await writeFile(join(rules, 'mine.json'), '{}');
    await chmod(join(rules, 'mine.json'), 0o666);
    const what = /others may write to .*\/mine\.json \(mode 666\), and with it change what is an alert: chmod go-w/;
    await refuses({ alerts: { outlets: [], rules } }, what);
    const secretFile = await site.file('identity-secret', 'hush', 0o644);
    for (const identity of [
      { ...backupIdentity, secretFile },
      { kind: 'appService', endpoint: 'http://127.0.0.1/t', headerFile: secretFile },
    ])
      await refuses(
        { sinks: [{ ...blob, identity }] },
        /sinks\[0\]\.identity\.(secret|header)File: .* is open to others/,
      );
    await refuses(
      { backupIdentity: { ...backupIdentity, secretFile } },
      /backupIdentity\.secretFile: .* is open to others/,
    );
    await refuses(
      { sinks: [{ name: 's', kind: 'otlp', url: 'https://a.example.org/', headersFile: secretFile }] },
      /sinks\[0\]\.headersFile: .* is open to others/,
    );
    await chmod(site.folder, 0o770);
    await refuses({}, /others may write to .* \(mode 770\), and with it change whom keys obey: chmod go-w/);
    await chmod(site.folder, 0o700);
  });

  test('with an issuer that does not tell people from programs', async () => {
    await refuses(
      (config) => void (firstIssuer(config).claims = { objectId: 'sub', ids: 'derived' }),
      /config\.json: config\.issuers\[0\]\.claims\.personMark is missing: .*or null if it has no people/,
    );
  });

  test('with authorities of clients that are none', async () => {
    const { certificate } = site.authority;
    for (const [content, expected] of [
      ['\n', /tls\.clientAuthorities: .*: there is no certificate in PEM form/],
      [`${certificate}${certificate.slice(0, 200)}`, /tls\.clientAuthorities: .* is cut off/],
    ] as const) {
      const clientAuthorities = await site.file('clients.pem', content);
      await refuses((config) => void Object.assign(config.tls as Json, { clientAuthorities }), expected);
    }
  });

  test('with the embedded issuer, or one over http', async () => {
    const dev = await site.file('dev-ca.pem', issueAuthority(new Date()).certificate);
    await refuses(
      (config) => void (firstIssuer(config).caFile = dev),
      /issuers\[0\] is the embedded issuer.*"discovery"/,
    );
    await refuses(
      (config) => void (firstIssuer(config).jwksUri = 'https://login.localhost:8443/keys'),
      /issuers\[0\] is the embedded issuer/,
    );
    await refuses(
      (config) => void (firstIssuer(config).jwksUri = 'http://login.example.org/keys'),
      /config\.issuers\[0\]\.jwksUri must be an https address/,
    );
    await refuses(
      (config) => void (firstIssuer(config).issuers = ['http://login.example.org']),
      /an issuer over http.*Give the issuer an https address/,
    );
    await refuses((config) => void delete firstIssuer(config).armAudiences, /none has "armAudiences"/);
    await refuses(
      (config) => void (firstIssuer(config).vaultAudiences = ['https://vault.example.org']),
      /vaultAudiences: instances have no names of vaults in this profile; remove/,
    );
  });

  test('without owners, with the file seal or with azure separation, unless that is acknowledged', async () => {
    await refuses((config) => void ((config.subscription as Json).owners = []), /owners is empty: name the object id/);
    await refusesToStart({ seal: { kind: 'file' } }, /seal is file.*add "file-seal" to "acknowledge"/);
    await refuses({ separation: 'azure' }, /separation is azure.*add "azure-separation" to "acknowledge"/);
  });

  test('with a passphrase that no seal can be made of', async () => {
    const { seal } = site.config;
    for (const [text, what] of [
      ['abc\n', 'short'],
      ['eleven char\nand a second line\n', 'short'],
      ['x'.repeat(1025), 'long'],
    ] as const) {
      const passphraseFile = await site.file('other-passphrase', text);
      const expected = `seal\\.passphraseFile: .* the passphrase, is too ${what}: set one of 12 to 1024 bytes`;
      await refuses({ seal: { ...(seal as Json), passphraseFile } }, new RegExp(expected));
    }
  });

  test('with the data directory of another tenant or subscription', async () => {
    const before = { tenantId: GUID, subscription: { id: GUID } };
    const marked = join(site.data, 'production.json');
    await writeFile(marked, JSON.stringify(before));
    await refuses(
      {},
      /is of tenant 0a0a0a0a-.* the configuration of others: set "tenantId" and "subscription\.id" to these/,
    );
    await writeFile(marked, '{');
    await refuses({}, /production\.json cannot be read .*: remove it/);
    await rm(marked);
  });

  test('with names that clients would refuse, or that belong to an instance', async () => {
    const names = site.config.names as Json;
    await refuses({ names: { ...names, resource: 'https://other.org' } }, /names\.resource must be hsm\.example\.org/);
    await refuses(
      { names: { ...names, resource: `https://${DOMAIN}/x` } },
      /names\.resource must be https:\/\/HOST.*nothing after it/,
    );
    for (const authorization of ['https://login.example.org', 'https://login.example.org/realms/x']) {
      await refuses({ names: { ...names, authorization } }, /names\.authorization must be https:\/\/HOST\/TENANT/);
    }
    await refuses(
      { names: { ...names, resourceManager: `arm.${DOMAIN}` } },
      /names\.resourceManager is where an instance/,
    );
  });

  test('with audiences, a tenant or ports that contradict each other', async () => {
    await refuses(
      (config) => void (firstIssuer(config).audiences = ['https://other.example.org']),
      /config\.issuers: none has https:\/\/hsm\.example\.org among "audiences".*Add it/,
    );
    await refuses(
      (config) => void (firstIssuer(config).audiences = [`https://${DOMAIN}`, 'https://arm.example.org']),
      /config\.issuers\[0\] has https:\/\/arm\.example\.org among "audiences" and "armAudiences".*name it in one of them/,
    );
    await refuses({ tenantId: GUID }, /names\.authorization sends clients to the tenant .*Set both to one/);
    const at = { instance: 'fin', connection: 'vnet', address: '0.0.0.0', port: site.port };
    await refuses({ privateListeners: [at] }, /privateListeners\[0\]\.port is \d+, which listen takes already at 127/);
  });

  test('in a data directory of the dev profile', async () => {
    const mark = join(site.data, 'dev-clients.json');
    await writeFile(mark, '{}', { mode: 0o600 });
    await refusesToStart({}, /is a data directory of the dev profile/);
    await rm(mark);
  });
});
