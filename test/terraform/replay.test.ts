// What azurerm sends for `whole.tf` (applied, changed, destroyed), sent to a fresh product: exchanges.json says how it is to answer.
// The tier recorded them between the stock provider and the product (main.ts); none is written by hand.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { after, before, test } from 'node:test';
import { armClient } from '../support/arm-client.ts';
import { makeCertificates } from '../support/custodian-certificates.ts';
import { dataPlaneToken } from '../support/instance-client.ts';
import type { RunningProduct } from '../support/running-product.ts';
import { difference, type Exchange, fill, type Variables } from './exchange.ts';
import { type Receiving, startReceiving } from './receiver.ts';
import { claimedThumbprint } from './recorder.ts';

const FILE = new URL('./exchanges.json', import.meta.url);
const HOSTS = { arm: 'management.azure.com', hsm: 'whole-hsm.managedhsm.azure.net' };
/** Enough for an operation on a machine that does other things; the provider waits for minutes. */
const PATIENCE_MS = 240_000;

let receiving: Receiving;
let product: RunningProduct;
before(async () => {
  receiving = await startReceiving();
  product = receiving.product;
});
after(() => receiving[Symbol.asyncDispose]());

test('what azurerm sends is answered as it needs it', async () => {
  const { exchanges } = JSON.parse(readFileSync(FILE, 'utf8')) as { exchanges: readonly Exchange[] };
  const environment = await product.environment();
  const arm = await armClient(product, environment);
  const tokens = { arm: arm.token, hsm: await dataPlaneToken(product, environment) };
  const values: Variables = new Map([
    ['subscription', arm.subscription],
    ['tenant', product.state.tenantId],
    ['object', arm.objectId],
  ]);
  for (const [index, certificate] of (await makeCertificates(3)).entries()) {
    values.set(`certificate${index + 1}`, certificate);
    values.set(`thumbprint${index + 1}`, claimedThumbprint(certificate));
  }
  let begun = false;
  for (const [index, exchange] of exchanges.entries()) {
    if (exchange.method !== 'GET') begun = exchange.status === 202;
    const what = `${index}: ${exchange.method} ${exchange.path}`;
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const wrong = await ask(exchange, tokens[exchange.host], values);
      if (wrong === undefined) break;
      // What was begun last may not have ended.
      assert.ok(begun && exchange.method === 'GET' && Date.now() < until, `${what}: ${wrong}`);
    }
  }
});

/** @returns what is wrong with the answer */
async function ask(exchange: Exchange, token: string, values: Variables): Promise<string | undefined> {
  const { host, method, path, body, status, poll, answer } = exchange;
  const text = body === undefined ? undefined : JSON.stringify(fill(body, values));
  const got = await send(HOSTS[host], method, fill(path, values), token, text);
  if (got.status !== status) return `${status} expected, got ${got.status} ${got.text}`;
  const given: unknown = answer === undefined ? undefined : JSON.parse(got.text);
  return (
    (poll === undefined ? undefined : difference(poll, got.poll, values, 'poll')) ??
    (answer === undefined ? undefined : difference(answer, given, values))
  );
}

interface Got {
  readonly status: number;
  readonly poll: unknown;
  readonly text: string;
}

function send(host: string, method: string, path: string, token: string, body: string | undefined): Promise<Got> {
  return new Promise((resolve, reject) => {
    const headers = {
      ...{ host, authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
    };
    const options = { host: '127.0.0.1', port: product.state.port, servername: host, ca: product.ca, agent: false };
    const asked = request({ ...options, method, path, headers }, (response) => {
      const pieces: Buffer[] = [];
      response.on('data', (piece: Buffer) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        const poll = response.headers['azure-asyncoperation'] ?? response.headers.location;
        resolve({ status: response.statusCode ?? 0, poll, text: Buffer.concat(pieces).toString('utf8') });
      });
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
