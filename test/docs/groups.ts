// Which pages share a service when they are followed, in this order: what changes an instance for good comes last.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runIn } from '../conformance/run-in.ts';
import { CHECKOUT, type RunningProduct, startProduct } from '../support/running-product.ts';
import { follow, unlessPrograms } from './follow.ts';

const guide = (...names: readonly string[]): readonly string[] => names.map((name) => `docs/guide/${name}.md`);

export const GROUPS = {
  keys: [
    'README.md',
    ...guide('connect', 'keys', 'key-operations', 'key-backup', 'rng', 'rotation', 'byok', 'attestation', 'release'),
    ...guide('roles', 'access', 'audit', 'witness', 'auth', 'arm-keys', 'settings', 'usage'),
  ],
  custodians: guide(
    ...['custodian', 'custodians', 'rehearsal', 'ceremony', 'security-domain', 'backup', 'disaster-drill', 'recovery'],
  ),
  service: [
    'docs/start/first-hour.md',
    ...guide('management', 'directory', 'federation', 'managed-identity', 'network-rules', 'network-changes', 'events'),
    ...guide('production', 'clock', 'separation', 'approvals'),
  ],
  clients: guide('az', 'python', 'javascript', 'go', 'java'),
} as const satisfies Record<string, readonly string[]>;

/** A test for each page, in a shell that is connected to the group's service. */
export function followGroup(name: keyof typeof GROUPS, withoutAz: false | string): void {
  describe(`the pages of the group ${name}, followed`, () => {
    let product: RunningProduct;
    before(async () => {
      product = await startProduct();
      if (withoutAz !== false) return;
      const signIn =
        'az login --service-principal -u "$AZURE_CLIENT_ID" -p "$AZURE_CLIENT_SECRET" --tenant "$AZURE_TENANT_ID"';
      const { code, stderr } = await runIn({ cwd: CHECKOUT, env: await product.environment() }, 'sh', '-c', signIn);
      assert.equal(code, 0, stderr);
    });
    after(() => product[Symbol.asyncDispose]());
    for (const page of GROUPS[name]) {
      test(page, async (context) => {
        const reason = await unlessPrograms(page);
        if (reason !== false) return context.skip(reason);
        const { code, at, stdout, stderr } = await follow(page, { product });
        assert.equal(code, 0, `${at}\n${stdout}\n${stderr}`);
      });
    }
  });
}
