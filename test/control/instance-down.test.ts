// A managed HSM whose processes do not start any more, in the product as shipped: who manages it is told so and where to
// look, instead of waiting, and goes on once its operator has mended it.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { armClient } from '../support/arm-client.ts';
import { CHECKOUT, cleanEnvironment, startProduct } from '../support/running-product.ts';

test('a change of an HSM that is down fails with what to look at, and is made once it is mended and started again', async () => {
  await using product = await startProduct();
  const arm = await armClient(product, await product.environment());
  const list = (await arm.ask('GET', '/providers/Microsoft.KeyVault/managedHSMs')).json['value'] as { id: string }[];
  const path = (list[0]?.id ?? '').split(arm.subscription)[1] ?? '';
  const properties = ({ json }: { json: object }) => (json as { properties: Record<string, unknown> }).properties;
  const rules = (...ranges: string[]) => ({
    properties: { networkAcls: { defaultAction: 'Allow', ipRules: ranges.map((value) => ({ value })) } },
  });

  // Not its certificate: a start by the operator makes that anew.
  const store = join(product.data, 'instances', 'dev', 'store');
  const files = readdirSync(store).map((name) => join(store, name));
  const sound = files.map((file) => readFileSync(file));
  for (const file of files) writeFileSync(file, 'no longer what it was');
  for (const pid of product.state.pids.instances['dev']?.service ?? []) process.kill(pid, 'SIGKILL');
  // Where it is printed is a pipe, which has no event for a text.
  while (!/dev\/service-0 .* failed 5 times in a row/.test(product.output)) await delay(50);

  const idle = properties(await arm.ask('GET', path));
  assert.equal(idle['provisioningState'], 'Succeeded');
  assert.match(String(idle['statusMessage']), /^The Managed HSM does not serve: ./);
  const cli = (...args: string[]) =>
    promisify(execFile)(join(CHECKOUT, 'strongroom'), [...args, '--data', product.data], { env: cleanEnvironment() });
  await cli('instance', 'stop', 'dev');
  await assert.rejects(cli('instance', 'start', 'dev'), (error: { code: number; stderr: string }) => {
    assert.equal(error.code, 1);
    assert.match(error.stderr, /'dev' does not serve, and goes on being tried: ./);
    assert.ok(String(idle['statusMessage']).endsWith(error.stderr.split('tried: ')[1]?.trim() ?? 'nothing'));
    return true;
  });

  const begun = await arm.ask('PATCH', path, rules('127.0.0.0/8'));
  assert.deepEqual([begun.status, begun.text], [202, '']);
  const changed = await arm.finish(begun);
  assert.equal(changed.status, 409);
  const { code, message } = changed.json['error'] as unknown as { code: string; message: string };
  assert.equal(code, 'OperationFailed');
  assert.equal(
    message,
    'dev/service-0 does not start: it ended with code 70. Why is in logs/dev-service-0.log of the data directory and in ' +
      "'./strongroom status' at the machine. It goes on being tried; what was asked for is kept and holds once it starts.",
  );
  const failed = properties(await arm.ask('GET', path));
  assert.deepEqual([failed['provisioningState'], failed['statusMessage']], ['Failed', message]);
  assert.ok(readFileSync(join(product.data, 'logs', 'dev-service-0.log'), 'utf8').includes('start of the service'));

  // Sent again while it is down, a whole resource is refused as the change was, in words of the service.
  const put = { location: 'local', ...rules('127.0.0.0/8') };
  const again = await arm.finish(await arm.ask('PUT', path, put));
  assert.equal(again.status, 409, again.text);
  assert.match(again.text, /"code":"OperationFailed","message":"dev\/service-0 does not start/);

  for (const [at, file] of files.entries()) writeFileSync(file, sound[at] ?? '');
  await cli('instance', 'stop', 'dev');
  await cli('instance', 'start', 'dev');
  const made = await arm.finish(await arm.ask('PUT', path, put));
  assert.equal(properties(made)['provisioningState'], 'Succeeded', made.text);
  assert.deepEqual((properties(made)['networkAcls'] as { ipRules: unknown }).ipRules, [{ value: '127.0.0.0/8' }]);
});
