import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { connect, type TLSSocket } from 'node:tls';
import fc from 'fast-check';
import { type RunningControl, runControl } from '../support/running-control.ts';

const ARM = 'https://management.azure.com';

describe('the control listener', () => {
  let control: RunningControl;
  let headers: Readonly<Record<string, string>>;
  before(async () => {
    control = await runControl();
    const token = await control.token(control.secrets.applications.admin, 'https://management.core.windows.net/');
    headers = { authorization: `Bearer ${token}` };
  });
  after(() => control[Symbol.asyncDispose]());

  const errorCode = (text: string): unknown =>
    (JSON.parse(text) as { readonly error: { readonly code: string } }).error.code;
  const tls = async (): Promise<TLSSocket> => {
    const socket = connect({
      host: '127.0.0.1',
      port: control.port,
      servername: 'arm.localhost',
      ca: control.authority.certificate,
    });
    await once(socket, 'secureConnect');
    return socket;
  };
  const raw = async (text: string): Promise<string> => {
    const socket = await tls();
    let answer = '';
    socket.on('data', (chunk: Buffer) => {
      answer += chunk.toString('latin1');
    });
    socket.on('error', () => {});
    socket.write(text);
    await once(socket, 'close');
    return answer;
  };

  test('serves its own hosts only', async () => {
    for (const host of ['example.org', 'management.azure.com.evil.test', 'arm.localhost:x', '', 'a b']) {
      const answer = await raw(`GET /metadata/endpoints HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 4(21|00) /, `${host}: ${answer.slice(0, 40)}`);
    }
    assert.match(await raw('GET / HTTP/1.1\r\nConnection: close\r\n\r\n'), /^HTTP\/1\.1 400 /);
  });

  test('answers the loopback address as the issuer, for services that fetch its keys', async () => {
    const url = `https://127.0.0.1:${control.port}/${control.secrets.tenantId}/discovery/v2.0/keys`;
    assert.equal((await control.call(url)).status, 200);
  });

  test('tells unknown paths from wrong methods, in the error shape', async () => {
    const unknown = await control.call(`${ARM}/nothing`);
    assert.equal(unknown.status, 404);
    assert.equal(errorCode(unknown.text), 'NotFound');
    const method = await control.call(`${ARM}/subscriptions?api-version=2022-12-01`, { method: 'DELETE' });
    assert.equal(method.status, 405);
    // What belongs to one host is not found at another.
    assert.equal((await control.call('https://graph.microsoft.com/subscriptions')).status, 404);
  });

  test('wants an api-version it can read', async () => {
    assert.equal(
      errorCode((await control.call(`${ARM}/subscriptions`, { headers })).text),
      'MissingApiVersionParameter',
    );
    const odd = await control.call(`${ARM}/subscriptions?api-version=latest`, { headers });
    assert.equal(errorCode(odd.text), 'InvalidApiVersionParameter');
  });

  test('refuses bodies that are too large, no JSON, of another type or not UTF-8', async () => {
    const url = `${ARM}/subscriptions/x/resourceGroups/x?api-version=2022-12-01`;
    const json = { 'content-type': 'application/json', ...headers };
    const send = (body: string | Buffer, type = json) => control.call(url, { method: 'PUT', body, headers: type });
    // The answer arrives although much more is on its way.
    for (const size of [1024 * 1024 + 1, 16 * 1024 * 1024])
      assert.equal((await send(Buffer.alloc(size, ' '))).status, 413);
    for (const body of ['{', '[]', 'null', '"x"', Buffer.from([0xff, 0xfe])])
      assert.equal((await send(body)).status, 400);
    assert.equal((await send('{}', { 'content-type': 'text/plain', ...headers })).status, 415);
  });

  test('never fails on a generated request', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        'subscriptions',
        'resourceGroups',
        'providers',
        'Microsoft.KeyVault',
        'managedHSMs',
        'v1.0',
        'users',
      ),
      fc.constantFrom(
        '..',
        '.',
        '',
        '%',
        '%2F',
        '%00',
        '%ff',
        '__proto__',
        'oauth2',
        'token',
        'devicelogin',
        'interaction',
      ),
      fc.webPath({ size: 'small' }),
    );
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(ARM, 'https://login.microsoftonline.com', 'https://graph.microsoft.com'),
        fc.constantFrom('GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD', 'OPTIONS'),
        fc.array(segment, { maxLength: 8 }),
        fc.option(fc.jsonValue(), { nil: undefined }),
        async (origin, method, segments, json) => {
          const reply = await control.call(`${origin}/${segments.join('/')}?api-version=2024-11-01&$filter=${method}`, {
            method,
            headers,
            ...(json === undefined ? {} : { json }),
          });
          assert.ok(reply.status < 500, `${method} ${segments.join('/')}: ${reply.status} ${reply.text}`);
        },
      ),
      { numRuns: 300 },
    );
    assert.deepEqual(control.logged, []);
  });

  test('answers malformed HTTP and goes on', async () => {
    for (const text of [
      '\0\0\0\r\n\r\n',
      'GET\r\n\r\n',
      'GET http://arm.localhost/ HTTP/1.1\r\nHost: arm.localhost\r\nConnection: close\r\n\r\n',
    ]) {
      assert.match(await raw(text), /^HTTP\/1\.1 400 /);
    }
    const own = `GET /subscriptions?api-version=2022-12-01 HTTP/1.1\r\nHost: arm.localhost\r\nConnection: close\r\n`;
    const { authorization } = headers;
    assert.match(await raw(`${own}Authorization: ${authorization}\r\n\r\n`), /^HTTP\/1\.1 200 /);
    for (const [more, says] of [
      ['Host: graph.localhost\r\n', 'more than one Host header'],
      ['hOST: arm.localhost\r\n', 'more than one Host header'],
      [`Authorization: Bearer a\r\nauthorization: ${authorization}\r\n`, 'more than one Authorization header'],
      ['Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', ''],
      ['Transfer-Encoding: chunked, identity\r\n', ''],
      ['Content-Length: 5\r\nContent-Length: 6\r\n', ''],
      ['Content-Length : 5\r\n', ''],
      ['X-A: b\r\n c\r\n', ''],
    ] as const) {
      const answer = await raw(`${own}${more}\r\nGET /metadata/endpoints HTTP/1.1\r\nHost: arm.localhost\r\n\r\n`);
      assert.match(answer, /^HTTP\/1\.1 400 /, more);
      assert.ok(answer.includes(says), answer);
      assert.equal(answer.match(/HTTP\/1\.1 /g)?.length, 1, 'what follows is answered to nobody');
    }
    // What a proxy says of the caller is no claim here.
    const spoofed = `${own}X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: graph.localhost\r\nX-MS-CLIENT-PRINCIPAL-ID: x\r\n\r\n`;
    assert.match(await raw(spoofed), /^HTTP\/1\.1 401 /);
    const enormous = `${own}Authorization: Bearer ${'a'.repeat(30_000)}\r\n\r\n`;
    assert.match(await raw(enormous), /^HTTP\/1\.1 401 /);
    const flood = `GET / HTTP/1.1\r\nHost: arm.localhost\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`;
    assert.match(await raw(flood), /^HTTP\/1\.1 431 /);
    assert.equal((await control.call(`${ARM}/metadata/endpoints`)).status, 200);
  });

  test('logs no token, secret or password', () => {
    const { applications, users } = control.secrets;
    for (const line of control.logged) {
      for (const secret of [applications.admin.secret, users.alice.password, headers.authorization ?? 'x']) {
        assert.ok(!line.includes(secret));
      }
    }
  });
});
