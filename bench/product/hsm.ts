// The benchmark as a client of the running instance: token, key creation, single operations.
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { readEnvironmentFile } from './environment-file.ts';
import { type Answer, call, type Endpoint } from './https-call.ts';
import { INSTANCE, type Product } from './product.ts';

export const API_VERSION = '7.6';
const SERVER_NAME = `${INSTANCE}.managedhsm.azure.net`;
const LOGIN_NAME = 'login.microsoftonline.com';
const ACTIVE_WITHIN_MS = 60_000;

export interface Hsm {
  readonly endpoint: Endpoint;
  readonly token: string;
  /** @throws unless the answer is 200 */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Record<string, unknown>>;
  /** Any answer, with another token or none. */
  tryWith(authorization: string | undefined, path: string): Promise<Answer>;
}

/** @param as the application that signs in; absent: the one that the product's environment file names */
export async function connectHsm(product: Product, as?: Application): Promise<Hsm> {
  const ca = readFileSync(product.ready.caFile, 'utf8');
  const endpoint: Endpoint = { ...product.ready.direct, serverName: SERVER_NAME, ca };
  const token = await requestToken(product, ca, as);
  return {
    endpoint,
    token,
    async ask(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const answer = await whenActive(() => call(endpoint, method, path, requestHeaders(token), text));
      if (answer.status !== 200) throw new Error(`${method} ${path}: ${answer.status} ${answer.text.slice(0, 400)}`);
      return JSON.parse(answer.text) as Record<string, unknown>;
    },
    tryWith: (authorization, path) => call(endpoint, 'GET', path, authorization === undefined ? {} : { authorization }),
  };
}

/** What a stock client sends with every call. */
export function requestHeaders(token: string): Readonly<Record<string, string>> {
  return {
    accept: 'application/json',
    'content-type': 'application/json',
    'user-agent': 'strongroom-bench',
    'x-ms-client-request-id': randomUUID(),
    authorization: `Bearer ${token}`,
  };
}

export interface Application {
  readonly id: string;
  readonly secret: string;
}

/** Client credentials, as the stock libraries send them, through the front. */
async function requestToken(product: Product, ca: string, as?: Application): Promise<string> {
  const environment = readEnvironmentFile(product.ready.envFile);
  const need = (name: string): string => {
    const value = environment.get(name);
    if (value === undefined) throw new Error(`the env file does not set ${name}`);
    return value;
  };
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: as?.id ?? need('AZURE_CLIENT_ID'),
    client_secret: as?.secret ?? need('AZURE_CLIENT_SECRET'),
    scope: 'https://managedhsm.azure.net/.default',
  });
  const answer = await call(
    { host: '127.0.0.1', port: product.port, serverName: LOGIN_NAME, ca },
    'POST',
    `/${need('AZURE_TENANT_ID')}/oauth2/v2.0/token`,
    { 'content-type': 'application/x-www-form-urlencoded' },
    form.toString(),
  );
  const token: unknown = answer.status === 200 ? Reflect.get(JSON.parse(answer.text), 'access_token') : undefined;
  if (typeof token !== 'string') throw new Error(`no token: status ${answer.status}`);
  return token;
}

/** Right after the first start the activation ceremony may still be under way. */
async function whenActive(attempt: () => Promise<Answer>): Promise<Answer> {
  const deadline = performance.now() + ACTIVE_WITHIN_MS;
  for (;;) {
    const answer = await attempt();
    const retry = answer.status === 503 || (answer.status === 403 && /activat/i.test(answer.text));
    if (!retry || performance.now() > deadline) return answer;
    await sleep(100);
  }
}
