// Further names of instances in production, where the operator's certificate decides which of them clients can use.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { readAliases, writeAliases } from '../../src/deployment/aliases.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { ARM, ARM_AUDIENCE, ask, DOMAIN, makeSite } from '../support/running-production.ts';

const NAME = 'vault1';
const OTHER = '22222222-2222-4333-8444-555555555555';

test('an alias that the certificate does not cover is never said to answer, with what to do', async () => {
  await using site = await makeSite();
  const { key, certificate } = await site.authority.issue([NAME, 'pay'].map((name) => `${name}.${DOMAIN}`));
  const path = await site.file('named.pem', certificate, 0o644);
  const instances = { certificate: path, key: await site.file('named.key', key) };
  const config = { ...site.config, tls: { ...(site.config['tls'] as object), instances } };
  await site.write(config);
  const alias = (...words: string[]) => runStrongroom('alias', ...words, '--data', site.data);
  const uncovered =
    `the certificate of instances (tls.instances.certificate, ${path}) does not cover other.${DOMAIN}: ` +
    `set one that does, such as one for *.${DOMAIN}`;
  {
    await using running = await site.start();
    const token = await site.issuer.token(site.owner, { aud: ARM_AUDIENCE, idtyp: 'user' });
    const { id } = site.config['subscription'] as { id: string };
    const group = `https://${ARM}/subscriptions/${id}/resourceGroups/keys`;
    await ask(site, 'PUT', `${group}?api-version=2022-09-01`, { token, body: { location: 'local' } });
    const made = await ask(
      site,
      'PUT',
      `${group}/providers/Microsoft.KeyVault/managedHSMs/${NAME}?api-version=2023-07-01`,
      {
        token,
        body: {
          location: 'local',
          sku: { family: 'B', name: 'Standard_B1' },
          properties: { initialAdminObjectIds: [site.owner, OTHER], softDeleteRetentionInDays: 7 },
        },
      },
    );
    assert.equal(made.status, 202, made.text);
    while ((running.state.instances[NAME]?.port ?? 0) === 0) await delay(50);

    const refused = await alias('set', 'other', '--hsm-name', NAME);
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.ok(
      refused.stderr.includes(`nothing was set: ${uncovered} (it is taken up within 20 s), then set the alias`),
    );
    assert.equal(existsSync(join(site.data, 'aliases.json')), false);
    const set = await alias('set', 'pay', '--hsm-name', NAME);
    assert.equal(set.stdout, `'${NAME}' answers at https://pay.${DOMAIN}\n`, set.stderr);

    // Set by hand: shown for what it is.
    const since = new Date().toISOString();
    await writeAliases(site.data, { ...readAliases(site.data), other: { instance: NAME, since } });
    while (running.state.refusedAliases['other'] === undefined) await delay(50);
    assert.deepEqual(running.state.aliases, { pay: NAME });
    assert.ok(running.output.includes(`aliases: 'other' leads nowhere: ${uncovered}`));
    const status = await runStrongroom('status', '--data', site.data);
    assert.equal(status.code, 1);
    assert.ok(status.stdout.includes(`\nother  leads nowhere: ${uncovered}\n`), status.stdout);
    assert.match(status.stdout, /also as pay\n/);
    assert.ok((await alias('list')).stdout.includes(`  leads nowhere: ${uncovered}\n`));
    const again = await alias('set', 'other', '--hsm-name', NAME);
    assert.equal(again.code, 1);
    await running.stop();
  }
  const refused = await site.refused();
  assert.equal(refused.code, 1);
  assert.ok(
    refused.text.includes(`${uncovered}, or take the alias away: ./strongroom alias remove other`),
    refused.text,
  );
  assert.equal((await alias('remove', 'other')).code, 0);
  const still = await alias('set', 'other', '--hsm-name', NAME);
  assert.deepEqual([still.code, still.stderr.includes(`nothing was set: ${uncovered}, then set the alias`)], [1, true]);
  await using _ = await site.start();
});
