// A product that is told to stop without a witness: it refuses until one has signed, which it brings about by itself.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type InstanceConfig, readInstanceConfig } from '../../src/deployment/instance.ts';
import { formatVkey } from '../../src/formats/signed-note.ts';
import { parseCheckpoint } from '../../src/formats/tlog-checkpoint.ts';
import { AcceptedLogs } from '../../src/tools/witness/accepted-logs.ts';
import { makeIdentity } from '../../src/tools/witness/identity.ts';
import { serveWitness } from '../../src/tools/witness/serve.ts';
import { dataPlaneToken, instanceClient } from '../support/instance-client.ts';
import { runStrongroom } from '../support/run-strongroom.ts';
import { startProduct } from '../support/running-product.ts';

test('an instance that no witness has signed for is refused with the reason, and serves once one has', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'stopped-'));
  try {
    const home = join(folder, 'witness');
    const identity = makeIdentity(home, 'witness.example.org');
    const accepted = new AcceptedLogs(home, identity);
    await using serving = await serveWitness({ folder: home, host: '127.0.0.1', port: 0, report: () => undefined });
    const data = join(folder, 'data');
    {
      // As the demonstration leaves it, and long ago.
      await using first = await startProduct({ data });
      assert.equal(await first.stop(), 0);
      const path = join(data, 'instances/dev/instance.json');
      const made: InstanceConfig = { ...readInstanceConfig(path), createdAt: '2026-01-01T00:00:00.000Z' };
      writeFileSync(path, JSON.stringify(made));
    }
    const config = join(folder, 'config.json');
    const url = `http://127.0.0.1:${serving.port}`;
    const witnesses = [{ name: 'other-team', url, key: identity.vkey, everySeconds: 1 }];
    writeFileSync(config, JSON.stringify({ witnesses, withoutWitness: { hours: 24, then: 'stop' } }));
    await using product = await startProduct({ data, demo: false, config });
    const token = await dataPlaneToken(product, await product.environment());
    using client = instanceClient(product, token);
    const refused = await client.ask('GET', '/keys');
    assert.equal(refused.status, 503, refused.text);
    assert.match(refused.text, /"NoWitness".*No witness has signed the audit log of this HSM since 2026-01-01/);
    const { code, stdout } = await eventually(
      () => audit(data, 'witnesses'),
      ({ stdout: out }) => /add it there/.test(out),
    );
    assert.equal(code, 1, stdout);
    assert.match(
      stdout,
      /^ENTRIES +BEHIND +COSIGNED +WITNESS +LAST FAILURE\n0 .* never +witness\.example\.org {2}2\d{3}-/,
    );

    // Its key comes from the custodians, not from the machine.
    const { origin } = parseCheckpoint(readFileSync(join(data, 'instances/dev/audit/checkpoint'), 'utf8')).checkpoint;
    const keys = [1, 3].map((n) => join(data, `custodians-development-only/custodian-${n}.pem`));
    const domain = join(data, 'custodians-development-only/dev-security-domain.json');
    const opened = await runStrongroom('custodian', 'open', domain, '--json', ...keys.flatMap((key) => ['--key', key]));
    const { verificationKey } = JSON.parse(opened.stdout) as { verificationKey: string };
    const vkey = formatVkey(origin, Buffer.from(verificationKey, 'base64url'));
    accepted.add(origin, vkey, new Date());
    const management = readFileSync(join(data, 'management/verifier-key'), 'utf8').trim();
    accepted.add(management.split('+')[0] ?? '', management, new Date());
    const served = await eventually(
      () => client.ask('GET', '/keys'),
      ({ status }) => status === 200,
    );
    assert.equal(served.status, 200);

    const saved = join(folder, 'cosigned');
    writeFileSync(saved, (await audit(data, 'checkpoint', '--cosigned')).stdout);
    const verified = await audit(data, 'verify', '--checkpoint', saved, '--witness', identity.vkey, `--key=${vkey}`);
    assert.equal(verified.code, 0, verified.stderr);
    assert.match(verified.stdout, /witness +witness\.example\.org: \d+ entries, cosigned 2/);
    await eventually(
      () => Promise.resolve(accepted.get(management.split('+')[0] ?? '')),
      (log) => (log?.size ?? 0) > 0,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function audit(data: string, verb: string, ...more: readonly string[]) {
  return runStrongroom('audit', verb, '--data', data, ...more);
}

/** What has to happen is up to other processes; a run that waits a minute for it has failed. */
async function eventually<T>(ask: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  const end = Date.now() + 60_000;
  for (;;) {
    const value = await ask();
    if (holds(value) || Date.now() > end) return value;
    await delay(200);
  }
}
