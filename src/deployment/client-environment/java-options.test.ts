import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { skipUnless } from '../../../test/system-programs.ts';
import { javaToolOptions } from './java-options.ts';
import type { ClientEnvironment } from './variables.ts';

const environment = (trustStore: string, direct: readonly string[] = ['127.0.0.1']): ClientEnvironment =>
  ({ trustStore, direct, port: 8443 }) as unknown as ClientEnvironment;

const NON_PROXY = /-Dhttp\.nonProxyHosts=(\S+)/;

test('hosts that go direct are said as Java says them', () => {
  const direct = [
    '127.0.0.1',
    'repo.maven.apache.org',
    '.corp.example',
    'x.example:8443',
    '10.0.0.0/8',
    '10.1.2.3',
    '::1',
  ];
  assert.equal(
    NON_PROXY.exec(javaToolOptions(environment('/ca/trust.p12', direct)))?.[1],
    '127.0.0.1|localhost|repo.maven.apache.org|*.repo.maven.apache.org|*.corp.example|x.example|*.x.example|10.1.2.3|[::1]',
  );
});

test('what the variable had stays, and asking again adds nothing', () => {
  const before = `-Xmx1g "-Dsome.path=/a b" -Dhttps.proxyHost=other '-Djavax.net.ssl.trustStore=/x y'`;
  const once = javaToolOptions(environment('/ca/trust.p12'), before);
  assert.ok(once.startsWith('-Xmx1g "-Dsome.path=/a b" -Djavax.net.ssl.trustStore=/ca/trust.p12 '), once);
  assert.doesNotMatch(once, /other|x y/);
  assert.equal(javaToolOptions(environment('/ca/trust.p12'), once), once);
});

test('Java reads every option as it was meant', { skip: skipUnless('java') }, () => {
  for (const path of ['/data/ca/trust.p12', "/my $(data)'s/trust.p12", '/my "data"/trust.p12']) {
    const options = javaToolOptions(environment(path, ['127.0.0.1', '.x.example']), '-Dkept=yes');
    const { stderr } = spawnSync('java', ['-XshowSettings:properties', '-version'], {
      encoding: 'utf8',
      env: { PATH: process.env['PATH'], JAVA_TOOL_OPTIONS: options },
    });
    const properties = stderr.split('\n').map((line) => line.trim());
    for (const property of [
      `javax.net.ssl.trustStore = ${path}`,
      'javax.net.ssl.trustStorePassword = changeit',
      'https.proxyHost = 127.0.0.1',
      'https.proxyPort = 8443',
      'http.nonProxyHosts = 127.0.0.1|localhost|*.x.example',
      'kept = yes',
    ]) {
      assert.ok(properties.includes(property), `${property}, in ${stderr}`);
    }
  }
});

test('a path that the variable cannot hold is refused', () => {
  assert.throws(() => javaToolOptions(environment(`/a'b"c/trust.p12`)), RangeError);
  assert.throws(() => javaToolOptions(environment('/a\nb/trust.p12')), RangeError);
});
