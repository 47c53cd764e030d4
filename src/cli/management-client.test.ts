// To whom the resource manager's clients show a token that its owner has put into a file.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { makeLoopbackCertificate } from '../../test/support/loopback-certificate.ts';
import { openManagedHsm } from './management-client.ts';

test('a token in a file is shown to the resource manager that it is for, or whose host was named for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'strongroom-management-'));
  const environment = { ...process.env };
  const { key, certificate, caFile: ca } = await makeLoopbackCertificate(folder, 'arm.localhost');
  let shown: string | undefined;
  let answer = '{"value": []}';
  let asked = 0;
  const server = createServer({ key, cert: certificate }, (request, response) => {
    shown = request.headers.authorization;
    asked += 1;
    response.end(answer);
  });
  try {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const host = `arm.localhost:${(server.address() as AddressInfo).port}`;
    const file = join(folder, 'token');
    const show = async (aud: string, named?: string): Promise<string | undefined> => {
      const token = `e30.${Buffer.from(JSON.stringify({ aud })).toString('base64url')}.c2ln`;
      writeFileSync(file, token, { mode: 0o600 });
      process.env = {
        STRONGROOM_ARM_TOKEN_FILE: file,
        ...(named === undefined ? {} : { STRONGROOM_ARM_TOKEN_HOST: named }),
      };
      shown = undefined;
      const opened = openManagedHsm({ arm: `https://${host}`, ca, data: undefined }, 'fin');
      const message = await opened.then(
        () => assert.fail('there is no such HSM'),
        (error: unknown) => (error as Error).message,
      );
      assert.equal(shown, shown === undefined ? undefined : `Bearer ${token}`);
      return shown === undefined ? message : undefined;
    };
    const refused =
      /is for .* and not for https:\/\/arm\.localhost:\d+: if arm\.localhost:\d+ may see it, set STRONGROOM_ARM_TOKEN_HOST=/;
    assert.match((await show('https://arm.example.org')) ?? 'it was shown', refused);
    assert.match((await show('arm', 'arm.example.org')) ?? 'it was shown', refused);
    assert.equal(await show(`https://${host}`), undefined);
    assert.equal(await show('arm', host), undefined);

    for (const elsewhere of [
      'https://elsewhere.localhost',
      `http://${host}`,
      `https://${host}@elsewhere.localhost`,
      'x',
    ]) {
      answer = JSON.stringify({ value: [], nextLink: `${elsewhere}/next` });
      asked = 0;
      const opened = openManagedHsm({ arm: `https://${host}`, ca, data: undefined }, 'fin');
      await assert.rejects(opened, /sends on to .*, which is not at https:\/\/arm\.localhost/, elsewhere);
      assert.equal(asked, 1, elsewhere);
    }
  } finally {
    process.env = environment;
    server.close();
    rmSync(folder, { recursive: true });
  }
});
