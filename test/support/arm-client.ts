// A bare HTTPS client of a running product's resource manager: paths are those below its one subscription.
import { request } from 'node:https';
import type { Answered } from './instance-client.ts';
import type { RunningProduct } from './running-product.ts';

const ARM = 'management.azure.com';
const LOGIN = 'login.microsoftonline.com';

export interface ArmClient {
  readonly subscription: string;
  readonly token: string;
  /** Of the application that asks. */
  readonly objectId: string;
  /** `path` below the subscription, or an absolute URL that the service gave out. */
  ask(method: string, path: string, body?: unknown, headers?: Readonly<Record<string, string>>): Promise<ArmAnswer>;
  /** Asks until what was begun has ended. */
  finish(begun: ArmAnswer): Promise<ArmAnswer>;
}

export interface ArmAnswer extends Omit<Answered, 'requestId' | 'localPort'> {
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

export async function armClient(
  product: Pick<RunningProduct, 'state' | 'ca'>,
  environment: Readonly<Record<string, string>>,
  prefix: 'AZURE' | 'STRONGROOM_OWNER' = 'AZURE',
): Promise<ArmClient> {
  const { port, tenantId } = product.state;
  const send = (host: string, method: string, path: string, headers: Record<string, string>, body?: string) =>
    new Promise<ArmAnswer>((resolve, reject) => {
      const options = { host: '127.0.0.1', port, servername: host, ca: product.ca, agent: false, method, path };
      const asked = request({ ...options, headers: { host, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString('utf8');
          const json = text.startsWith('{') ? (JSON.parse(text) as ArmAnswer['json']) : {};
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json });
        });
      });
      asked.on('error', reject);
      asked.end(body);
    });
  const form = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: environment[`${prefix}_CLIENT_ID`] ?? '',
    client_secret: environment[`${prefix}_CLIENT_SECRET`] ?? '',
    scope: 'https://management.core.windows.net//.default',
  });
  const type = { 'content-type': 'application/x-www-form-urlencoded' };
  const login = await send(LOGIN, 'POST', `/${tenantId}/oauth2/v2.0/token`, type, form.toString());
  if (login.status !== 200) throw new Error(`no token: ${login.text}`);
  const token = String(login.json['access_token']);
  const subscription = environment['AZURE_SUBSCRIPTION_ID'] ?? '';
  const ask: ArmClient['ask'] = (method, path, body, headers = {}) => {
    const url = new URL(path.startsWith('https:') ? path : `https://${ARM}/subscriptions/${subscription}${path}`);
    if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', '2024-11-01');
    const text = body === undefined ? undefined : JSON.stringify(body);
    const all = {
      authorization: `Bearer ${token}`,
      ...(text === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    };
    return send(ARM, method, url.pathname + url.search, all, text);
  };
  return {
    subscription,
    token,
    objectId: objectIdIn(token),
    ask,
    async finish(begun) {
      let answer = begun;
      while (answer.status === 202) answer = await ask('GET', String(answer.headers['location']));
      return answer;
    },
  };
}

function objectIdIn(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
  return (JSON.parse(claims) as { oid: string }).oid;
}
