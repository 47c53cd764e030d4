// The tier "Terraform": stock OpenTofu and azurerm against the product, and azurerm's own acceptance tests for managed HSMs.
// No part of `npm test`: it builds both from source first, and waits as long as the provider does (CONTRIBUTING.md).
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { azureCli } from '../conformance/azure-cli.ts';
import { runIn } from '../conformance/run-in.ts';
import { armClient } from '../support/arm-client.ts';
import { CHECKOUT, type RunningProduct } from '../support/running-product.ts';
import { until } from '../support/sink-scene.ts';
import { ACCEPTANCE, runAcceptance } from './acceptance.ts';
import { type Between, type Request, startBetween } from './between.ts';
import { foreignResources, vaultCertificates } from './neighbours.ts';
import { pageBlock } from './page.ts';
import { type Receiving, startReceiving } from './receiver.ts';
import { recorder } from './recorder.ts';
import { openWorkspace } from './workspace.ts';

const HERE = join(CHECKOUT, 'test/terraform');
const FIXTURE = join(HERE, 'exchanges.json');
const tools = execFileSync(join(HERE, 'build.sh'), [], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
}).trim();

type Environment = Readonly<Record<string, string>>;

let receiving: Receiving;
let product: RunningProduct;
let environment: Environment;
let folder: string;
before(async () => {
  receiving = await startReceiving();
  product = receiving.product;
  folder = await mkdtemp(join(tmpdir(), 'strongroom-terraform-'));
  environment = { ...(await product.environment()), HOME: folder, PATH: process.env['PATH'] ?? '' };
});
after(async () => {
  await receiving[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** The environment of a client that reaches the product, and neighbours beside it. */
async function besideNeighbours(told?: Parameters<typeof startBetween>[2]): Promise<Between & { env: Environment }> {
  const behind = { proxy: environment['HTTPS_PROXY'] ?? '', ca: product.ca };
  const between = await startBetween(behind, [foreignResources(), vaultCertificates(product.state.tenantId)], told);
  const authority = join(await mkdtemp(join(folder, 'authority-')), 'ca.pem');
  await writeFile(authority, between.authority);
  const env = { ...environment, SSL_CERT_FILE: authority, HTTPS_PROXY: between.proxy, https_proxy: between.proxy };
  return { ...between, env };
}

describe('terraform', { concurrency: 9 }, () => {
  test('the guide, as it is printed: applied, unchanged, changed, destroyed', async () => {
    const work = await openWorkspace(join(folder, 'guide'), tools, environment);
    await work.write('main.tf', pageBlock('main.tf'));
    await work.settle();
    const { folder: cwd } = work;
    const activated = await runIn({ cwd, env: environment }, 'bash', '-e', '-c', pageBlock('activate.sh'));
    assert.equal(activated.code, 0, activated.stderr);
    await work.write('keys.tf', pageBlock('keys.tf'));
    await work.write('logs.tf', pageBlock('logs.tf'));
    await work.settle();
    await until(() => /"operationName":"KeyCreate".*Tenant-KEK/.test(receiving.received()));
    const shown = (await work.tofu(['show'])).stdout;
    for (const name of ['"RG-Keys"', '"Terra-Hsm"', '"Tenant-KEK"', '"/keys/Tenant-KEK"'])
      assert.ok(shown.includes(name), name);

    await work.write(
      'main.tf',
      pageBlock('main.tf').replace('"trial"', '"Live"').replace('sku_name ', 'tags = { Owner = "Ada" }\n  sku_name '),
    );
    await work.write(
      'keys.tf',
      pageBlock('keys.tf').replace('"P60D"', '"P30D"').replace('and nothing else', 'and no more'),
    );
    await work.write('logs.tf', pageBlock('logs.tf').replace('category = "AuditEvent"', 'category_group = "allLogs"'));
    const { stdout: plan } = await work.tofu(['plan', '-detailed-exitcode'], 2);
    assert.match(plan, /Plan: 0 to add, 5 to change, 0 to destroy/);
    await work.settle();
    await work.tofu(['destroy', '-auto-approve']);
  });

  test('a group that holds what Terraform does not know is not destroyed', async () => {
    const work = await openWorkspace(join(folder, 'foreign'), tools, environment);
    const group = 'resource "azurerm_resource_group" "g" {\n  name = "RG-Shared"\n  location = "westeurope"\n}\n';
    await work.write('main.tf', `provider "azurerm" {\n  features {}\n}\n${group}`);
    await work.settle();
    await using az = await azureCli(environment);
    const { AZURE_CLIENT_ID: id = '', AZURE_CLIENT_SECRET: secret = '', AZURE_TENANT_ID: tenant = '' } = environment;
    await az.json('login', '--service-principal', '-u', id, '-p', secret, '--tenant', tenant);
    const { objectId } = await armClient(product, environment);
    const where = ['-g', 'RG-Shared', '-l', 'westeurope', '--retention-days', '7'];
    await az.json('keyvault', 'create', '--hsm-name', 'Made-By-Az', ...where, '--administrators', objectId);
    const refused = await work.tofu(['destroy', '-auto-approve'], 1);
    assert.match(refused.stderr, /still contains Resources[\s\S]*managedHSMs\/Made-By-Az/);
    const { properties } = (await az.json('keyvault', 'show', '--hsm-name', 'Made-By-Az')) as {
      properties: { provisioningState: string };
    };
    assert.equal(properties.provisioningState, 'Succeeded');
  });

  test('one of each kind of resource, activated by the provider; what was sent is what exchanges.json keeps', async () => {
    const config = readFileSync(join(HERE, 'whole.tf'), 'utf8');
    const known = new Map([
      [environment['AZURE_SUBSCRIPTION_ID'] ?? '', 'subscription'],
      [environment['AZURE_TENANT_ID'] ?? '', 'tenant'],
      [(await armClient(product, environment)).objectId, 'object'],
    ]);
    const fixed = new Set(
      [...config.matchAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi)].map(([id]) => id.toLowerCase()),
    );
    const record = recorder(known, fixed);
    await using between = await besideNeighbours((request: Request, answer) => record.hear(request, answer));
    const work = await openWorkspace(join(folder, 'whole'), tools, between.env);
    await work.write('main.tf', config);
    for (const changed of [[], ['-var=changed=true']]) {
      await work.tofu(['apply', '-auto-approve', '-parallelism=1', ...changed]);
      await work.tofu(['plan', '-detailed-exitcode', '-parallelism=1', ...changed]);
    }
    await work.tofu(['destroy', '-auto-approve', '-parallelism=1']);
    await writeFile(FIXTURE, `${JSON.stringify({ exchanges: record.exchanges() }, null, 2)}\n`);
  });

  for (const name of ACCEPTANCE) {
    test(`azurerm's own ${name}`, async () => {
      await using between = await besideNeighbours();
      const ended = await runAcceptance(name, { folder, tools, environment: between.env });
      assert.equal(ended.code, 0, ended.stdout + ended.stderr);
    });
  }
});
