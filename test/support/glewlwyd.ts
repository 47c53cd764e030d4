// Glewlwyd, an OpenID Connect server that shares no line with this product, from Debian: started on loopback with a database
// of its own, set up over its own API, stopped with the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { type Issued, issueServer } from '../../src/deployment/dev-ca/issue.ts';
import { freePort } from './free-port.ts';
import type { OperatorAuthority } from './operator-authority.ts';

export interface Glewlwyd extends AsyncDisposable {
  readonly issuer: string;
  readonly discovery: string;
  readonly client: { readonly id: string; readonly secret: string };
  readonly user: {
    readonly name: string;
    readonly password: string;
    readonly email: string;
    readonly groups: readonly string[];
  };
  /** The resource that clients' tokens are for, and the scope that users' tokens are for. */
  readonly audiences: readonly [client: string, user: string];
  /** An access token by one of its grants. */
  clientToken(): Promise<string>;
  userToken(): Promise<string>;
  /** Of one of the further people. */
  tokenOf(name: string, scope: Scope): Promise<string>;
  /** Signs with a new key from now on; the keys before it are gone. */
  rotate(): Promise<void>;
  stop(): Promise<void>;
  start(): Promise<void>;
}

const INIT = '/usr/share/doc/glewlwyd/database/init.sqlite3.sql.gz';
const MODULES = '/usr/lib/glewlwyd';
const RESOURCE = 'https://managedhsm.azure.net';
const SCOPE = 'hsm';
/** What tokens of people are for: instances, and the resource manager. */
type Scope = typeof SCOPE | 'arm';
const SCOPES: readonly Scope[] = [SCOPE, 'arm'];
/** Of the administrator that its own first database has. */
const ADMINISTRATOR = { username: 'admin', password: 'password' };

/** @param people names of further people, besides the user */
export async function startGlewlwyd(
  authority: Issued | OperatorAuthority,
  people: readonly string[] = [],
): Promise<Glewlwyd> {
  const folder = await mkdtemp(join(tmpdir(), 'strongroom-glewlwyd-'));
  const port = await freePort();
  const origin = `https://127.0.0.1:${port}`;
  const leaf = await ('issue' in authority
    ? authority.issue(['127.0.0.1'])
    : issueServer(authority, ['127.0.0.1'], new Date()));
  await writeFile(join(folder, 'key.pem'), leaf.key, { mode: 0o600 });
  await writeFile(join(folder, 'certificate.pem'), leaf.certificate);
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'glewlwyd.conf'), configuration(folder, port, origin));
  await makeDatabase(join(folder, 'database'));
  const ask = (method: string, path: string, options: AskOptions = {}) =>
    send({ port, ca: authority.certificate }, method, path, options);
  const client = { id: 'worker', secret: randomBytes(16).toString('hex') };
  const user = {
    name: 'ann',
    password: randomBytes(16).toString('hex'),
    email: 'ann@example.org',
    groups: ['operators', 'staff'],
  };
  const passwords = new Map(people.map((name) => [name, randomBytes(16).toString('hex')]));
  let child: ChildProcess | undefined;
  let keys = 0;

  async function start(): Promise<void> {
    child = spawn('glewlwyd', [`--config-file=${join(folder, 'glewlwyd.conf')}`], { stdio: 'ignore', env: {} });
    const started = child;
    for (const ends = performance.now() + 120_000; ; ) {
      if (started.exitCode !== null) throw new Error(`glewlwyd ended with ${started.exitCode}`);
      if (
        await ask('GET', '/config/').then(
          () => true,
          () => false,
        )
      )
        return;
      if (performance.now() > ends) throw new Error('glewlwyd does not answer');
      await delay(50);
    }
  }
  async function stop(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGTERM');
    await ended;
  }
  async function asAdministrator(): Promise<string> {
    const { cookie } = await ask('POST', '/api/auth/', { json: ADMINISTRATOR });
    if (cookie === undefined) throw new Error('glewlwyd does not let its administrator in');
    return cookie;
  }
  const plugin = (): Record<string, unknown> => {
    keys += 1;
    return {
      module: 'oidc',
      name: 'oidc',
      display_name: 'OIDC',
      parameters: oidcParameters(`${origin}/api/oidc`, keys),
    };
  };
  async function token(form: Readonly<Record<string, string>>): Promise<string> {
    const authorization = `Basic ${Buffer.from(`${client.id}:${client.secret}`).toString('base64')}`;
    const { json } = await ask('POST', '/api/oidc/token', {
      form: { scope: SCOPE, ...form },
      headers: { authorization },
    });
    return String((json as { access_token: unknown }).access_token);
  }
  try {
    await start();
    const cookie = await asAdministrator();
    const make = (path: string, json: unknown) => ask('POST', path, { json, headers: { cookie } });
    for (const name of SCOPES) {
      await make('/api/scope', { name, display_name: name, description: name, password_required: false });
    }
    await make('/api/mod/plugin', plugin());
    await make('/api/client', {
      client_id: client.id,
      name: client.id,
      password: client.secret,
      confidential: true,
      enabled: true,
      authorization_type: ['client_credentials', 'password'],
      redirect_uri: ['https://127.0.0.1/'],
      token_endpoint_auth_method: ['client_secret_basic'],
      scope: SCOPES,
    });
    const makePerson = (person: Readonly<Record<string, unknown>>) =>
      make('/api/user', { ...person, kind: 'person', enabled: true, scope: SCOPES });
    const { name: username, password, email, groups } = user;
    await makePerson({ username, name: 'Ann', password, email, groups });
    for (const [name, secret] of passwords) {
      await makePerson({ username: name, name, password: secret, email: `${name}@example.org`, groups: [] });
    }
  } catch (error) {
    await stop();
    await rm(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    issuer: `${origin}/api/oidc`,
    discovery: `${origin}/api/oidc/.well-known/openid-configuration`,
    client,
    user,
    audiences: [RESOURCE, SCOPE],
    clientToken: () => token({ grant_type: 'client_credentials', resource: RESOURCE }),
    userToken: () => token({ grant_type: 'password', username: user.name, password: user.password }),
    tokenOf: (username, scope) =>
      token({ grant_type: 'password', username, password: passwords.get(username) ?? '', scope }),
    async rotate() {
      const headers = { cookie: await asAdministrator() };
      await ask('PUT', '/api/mod/plugin/oidc', { json: plugin(), headers });
      await ask('PUT', '/api/mod/plugin/oidc/reset', { headers });
    },
    stop,
    start,
    async [Symbol.asyncDispose]() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function oidcParameters(issuer: string, number: number): Record<string, unknown> {
  const kid = `key-${number}`;
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = { ...privateKey.export({ format: 'jwk' }), kid, alg: 'RS256', use: 'sig' };
  const claim = (name: string, as: string) => ({
    'user-parameter': name,
    'token-parameter': as,
    'token-changed': false,
  });
  return {
    iss: issuer,
    'jwt-type': 'rsa',
    'jwt-key-size': '256',
    'jwks-private': JSON.stringify({ keys: [key] }),
    'default-kid': kid,
    'jwks-show': true,
    'subject-type': 'public',
    'access-token-duration': 3600,
    'refresh-token-duration': 3600,
    'code-duration': 600,
    'refresh-token-rolling': false,
    'allow-non-oidc': true,
    'auth-type-code-enabled': false,
    'auth-type-token-enabled': false,
    'auth-type-id-token-enabled': false,
    'auth-type-none-enabled': false,
    'auth-type-password-enabled': true,
    'auth-type-client-enabled': true,
    'auth-type-refresh-enabled': false,
    'auth-type-device-enabled': false,
    'resource-allowed': true,
    'resource-scope': { [SCOPE]: [RESOURCE] },
    'resource-client-property': '',
    'resource-scope-and-client-property': false,
    'additional-parameters': [claim('groups', 'groups'), claim('email', 'email'), claim('kind', 'kind')],
    scope: [],
  };
}

async function makeDatabase(path: string): Promise<void> {
  using database = new DatabaseSync(path);
  database.exec(gunzipSync(await readFile(INIT)).toString('utf8'));
  const row = database.prepare('select gumi_parameters as text from g_user_module_instance').get() as { text: string };
  const parameters = JSON.parse(row.text) as { 'data-format': Record<string, unknown> };
  const format = { multiple: true, read: true, write: true, 'profile-read': false, 'profile-write': false };
  const kind = { ...format, multiple: false };
  parameters['data-format'] = { ...parameters['data-format'], groups: format, kind };
  database.prepare('update g_user_module_instance set gumi_parameters = ?').run(JSON.stringify(parameters));
}

function configuration(folder: string, port: number, origin: string): string {
  const texts = {
    bind_address: '127.0.0.1',
    external_url: origin,
    login_url: 'login.html',
    api_prefix: 'api',
    static_files_path: folder,
    log_mode: 'console',
    log_level: 'NONE',
    cookie_domain: '127.0.0.1',
    session_key: 'SESSION',
    admin_scope: 'g_admin',
    profile_scope: 'g_profile',
    hash_algorithm: 'SHA512',
    user_module_path: `${MODULES}/user`,
    user_middleware_module_path: `${MODULES}/user_middleware`,
    client_module_path: `${MODULES}/client`,
    user_auth_scheme_module_path: `${MODULES}/scheme`,
    plugin_module_path: `${MODULES}/plugin`,
    secure_connection_key_file: join(folder, 'key.pem'),
    secure_connection_pem_file: join(folder, 'certificate.pem'),
    secure_connection_ca_file: join(folder, 'ca.pem'),
  };
  const lines = Object.entries(texts).map(([name, value]) => `${name} = ${JSON.stringify(value)}`);
  return [
    ...lines,
    `port = ${port}`,
    'session_expiration = 3600',
    'cookie_secure = true',
    'login_api_enabled = true',
    'use_secure_connection = true',
    `database = { type = "sqlite3"; path = ${JSON.stringify(join(folder, 'database'))}; };`,
    '',
  ].join('\n');
}

interface AskOptions {
  readonly json?: unknown;
  readonly form?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
}

function send(
  to: { readonly port: number; readonly ca: string },
  method: string,
  path: string,
  { json, form, headers }: AskOptions,
): Promise<{ readonly json: unknown; readonly cookie: string | undefined }> {
  const body =
    json === undefined ? (form === undefined ? '' : new URLSearchParams(form).toString()) : JSON.stringify(json);
  const type = json === undefined ? 'application/x-www-form-urlencoded' : 'application/json';
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        ...{ ...to, method, path, agent: false },
        headers: { 'content-type': type, 'content-length': Buffer.byteLength(body), ...headers },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => {
          if (response.statusCode !== 200) {
            reject(new Error(`glewlwyd: ${method} ${path} answered ${response.statusCode}: ${text.slice(0, 500)}`));
            return;
          }
          resolve({
            json: text === '' ? undefined : (JSON.parse(text) as unknown),
            cookie: response.headers['set-cookie']?.[0]?.split(';')[0],
          });
        });
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}
