// `strongroom env` beside a running service: what a shell keeps, what it can reach, and the forms for others than shells.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { places } from '../../src/deployment/data-layout.ts';
import { issueAuthority, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { readDevClients } from '../../src/deployment/dev-clients.ts';
import { type Ended, runIn } from '../conformance/run-in.ts';
import { CHECKOUT, cleanEnvironment, type RunningProduct, startProduct } from '../support/running-product.ts';
import { skipUnless } from '../system-programs.ts';

describe('strongroom env', () => {
  let product: RunningProduct;
  before(async () => {
    product = await startProduct();
  });
  after(() => product[Symbol.asyncDispose]());

  const program = join(CHECKOUT, 'strongroom');
  const surroundings = (more: Readonly<Record<string, string>> = {}) => ({
    ...cleanEnvironment(),
    STRONGROOM: program,
    STRONGROOM_DATA: product.data,
    ...more,
  });
  const env = (words: readonly string[], more?: Readonly<Record<string, string>>): Promise<Ended> =>
    runIn({ cwd: tmpdir(), env: surroundings(more) }, program, 'env', ...words);
  const shell = (name: string, script: string, more?: Readonly<Record<string, string>>): Promise<Ended> =>
    runIn({ cwd: tmpdir(), env: surroundings(more) }, name, '-c', `set -eu\n${script}`);

  test('a shell keeps its NO_PROXY, passes hosts, and evaluates again what it evaluated before', async () => {
    const script = `
      eval "$("$STRONGROOM" env --pass pypi.org files.pythonhosted.org)"
      eval "$("$STRONGROOM" env --pass .example.org,10.0.0.0/8)"
      printf '%s\\n' "$NO_PROXY" "$no_proxy" "$ARM_CLIENT_ID" "$AZURE_CLIENT_ID" "$SSL_CERT_FILE"`;
    const ended = await shell('sh', script, { NO_PROXY: 'corp.example', no_proxy: 'azure.net,.internal' });
    assert.equal(ended.code, 0, ended.stderr);
    const direct = '127.0.0.1,corp.example,.internal,pypi.org,files.pythonhosted.org,.example.org,10.0.0.0/8';
    const { appId } = readDevClients(product.data).applications.admin;
    const { caBundle } = places(product.data);
    assert.deepEqual(ended.stdout.trim().split('\n'), [direct, direct, appId, appId, caBundle]);
    assert.match(ended.stderr, /^NO_PROXY: left out azure\.net, which would lead round the proxy/);
  });

  test('what would hide a name that is answered here is refused', async () => {
    const ended = await env(['--names', 'local', '--pass', 'localhost']);
    assert.equal(ended.code, 2, ended.stderr);
    assert.match(ended.stderr, /--pass localhost would lead round the proxy where Strongroom itself answers/);
    assert.equal(ended.stdout, '');
  });

  test('every form says the same of every variable', async () => {
    const read = async (...words: string[]): Promise<Ended> => {
      const ended = await env(words);
      assert.equal(ended.code, 0, ended.stderr);
      return ended;
    };
    const json = JSON.parse((await read('--json')).stdout) as Record<string, string | null>;
    assert.deepEqual(JSON.parse((await read('--format', 'json')).stdout), json);
    const set = Object.fromEntries(Object.entries(json).filter(([, value]) => value !== null));
    assert.equal(json['ALL_PROXY'], null);
    const github = await read('--format', 'github');
    const dotenv = await read('--format', 'dotenv');
    for (const { stdout } of [github, dotenv]) {
      const lines = stdout.trim().split('\n');
      assert.deepEqual(
        Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)])),
        set,
      );
    }
    const { stdout: lines } = await read();
    for (const name of ['sh', 'bash', 'dash'].filter((each) => spawnSync(each, ['-c', ':']).status === 0)) {
      const evaluated = await shell(name, 'eval "$LINES"; env -0', { LINES: lines, ALL_PROXY: 'stale' });
      const found = new Map(
        evaluated.stdout.split('\0').map((line) => [line.split('=')[0], line.slice(line.indexOf('=') + 1)]),
      );
      for (const [variable, value] of Object.entries(json)) assert.equal(found.get(variable) ?? null, value, variable);
    }
    const { admin, owner } = readDevClients(product.data).applications;
    assert.equal(github.stderr, `::add-mask::${admin.secret}\n::add-mask::${owner.secret}\n`);
    assert.equal(dotenv.stderr, '');
    const java = await shell(
      'sh',
      'eval "$("$STRONGROOM" env --format java)"; echo "$AZURE_CLIENT_ID $JAVA_TOOL_OPTIONS"',
    );
    const { trustStore } = places(product.data);
    assert.ok(java.stdout.startsWith(`${admin.appId} -Djavax.net.ssl.trustStore=${trustStore} `), java.stdout);
  });

  test('a bundle that the system has left behind is made anew', async () => {
    const { caBundle, trustStore, caCertificate } = places(product.data);
    await writeFile(caBundle, rootCertificates[0] ?? '');
    await rm(trustStore);
    assert.equal((await env([])).code, 0);
    const bundle = readFileSync(caBundle, 'utf8');
    assert.ok(bundle.startsWith(readFileSync(caCertificate, 'utf8').trim()));
    assert.ok(bundle.length > 50_000, 'the authorities of this system are in it');
    assert.ok(readFileSync(trustStore).length > 50_000);
  });

  describe('with curl', { skip: skipUnless('curl') }, () => {
    test('another host is refused with the way out, and that way leads there, by the authorities of the bundle', async () => {
      const { key, certificate } = issueServer(issueAuthority(new Date()), ['localhost'], new Date());
      const server = createServer({ key, cert: certificate }, (_, answer) => answer.end('served elsewhere'));
      await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
      try {
        const { port } = server.address() as AddressInfo;
        const script = (words: string) => `
          eval "$("$STRONGROOM" env ${words})"
          curl -sS --insecure https://localhost:${port}/ || true
          curl -sS "$AZURE_MANAGEDHSM_URI/keys?api-version=7.4" -o /dev/null -w ' %{http_code}'`;
        const refused = await shell('sh', script(''));
        assert.equal(refused.stdout, ' 401', refused.stderr);
        assert.match(refused.stderr, /403/);
        const passed = await shell('sh', script('--pass localhost'));
        assert.equal(passed.stdout, 'served elsewhere 401', passed.stderr);
      } finally {
        server.close();
      }
    });
  });

  test('a client that knows no proxy gets in by addresses of its own and the port in every name', async () => {
    const { tenantId, applications } = readDevClients(product.data);
    const { port } = product.state;
    /** What hosts entries do: names lead to this machine, and the client says the port. */
    const ask = (
      host: string,
      path: string,
      { form, token, said = `${host}:${port}` }: { form?: URLSearchParams; token?: string; said?: string },
    ) =>
      new Promise<{ status: number; body: string }>((resolve, reject) => {
        const headers = {
          host: said,
          ...(form === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' }),
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        };
        const asked = request(
          { host: '127.0.0.1', port, servername: host, ca: product.ca, path, method: form ? 'POST' : 'GET', headers },
          (answer) => {
            let body = '';
            answer.setEncoding('utf8').on('data', (text: string) => {
              body += text;
            });
            answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
          },
        );
        asked.on('error', reject);
        asked.end(form?.toString());
      });
    for (const [login, instance, audience] of [
      ['login.microsoftonline.com', 'dev.managedhsm.azure.net', 'https://managedhsm.azure.net'],
      ['login.localhost', 'dev.managedhsm.localhost', 'https://managedhsm.localhost'],
    ] as const) {
      const grant = new URLSearchParams({
        grant_type: 'client_credentials',
        client_id: applications.admin.appId,
        client_secret: applications.admin.secret,
        scope: `${audience}/.default`,
      });
      const issued = await ask(login, `/${tenantId}/oauth2/v2.0/token`, { form: grant });
      assert.equal(issued.status, 200, issued.body);
      const { access_token: token } = JSON.parse(issued.body) as { access_token: string };
      // Some clients say the port in `Host`, and some leave it out.
      for (const said of [`${instance}:${port}`, instance]) {
        const listed = await ask(instance, '/keys?api-version=7.4', { said, token });
        assert.equal(listed.status, 200, listed.body);
        const [key] = (JSON.parse(listed.body) as { value: { kid: string }[] }).value;
        assert.ok(key?.kid.startsWith(`https://${said}/keys/`), listed.body);
      }
    }
  });
});
