// A bare HTTPS client of one instance of a running product: what it asks is what goes over the wire, and an answer that
// did not arrive is told apart from one that did.
import { Agent, type RequestOptions, request } from 'node:https';
import type { RunningProduct } from './running-product.ts';

export interface Answered {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>>;
  readonly text: string;
  readonly requestId: string;
  /** Ours, of the connection that it came over. */
  readonly localPort: number;
}

export interface InstanceClient extends Disposable {
  /** @throws when the connection ended before the answer was complete */
  ask(method: string, path: string, body?: unknown): Promise<Answered>;
}

const API_VERSION = '7.6';
const LOGIN = 'login.microsoftonline.com';

/** An access token for the data plane, of the application whose variables in the environment have this prefix. */
export async function dataPlaneToken(
  product: RunningProduct,
  environment: Readonly<Record<string, string>>,
  prefix: 'AZURE' | 'STRONGROOM_OWNER' = 'AZURE',
): Promise<string> {
  return tokenFor(product, {
    grant_type: 'client_credentials',
    client_id: environment[`${prefix}_CLIENT_ID`] ?? '',
    client_secret: environment[`${prefix}_CLIENT_SECRET`] ?? '',
  });
}

/** An access token for the data plane. @param grant who asks, as the issuer takes it */
export async function tokenFor(product: RunningProduct, grant: Readonly<Record<string, string>>): Promise<string> {
  const form = new URLSearchParams({ ...grant, scope: 'https://managedhsm.azure.net/.default' });
  const { port, tenantId } = product.state;
  const { status, json, text } = await exchange(
    {
      ...{ port, servername: LOGIN, ca: product.ca, agent: false, method: 'POST' },
      path: `/${tenantId}/oauth2/v2.0/token`,
      headers: { host: LOGIN, 'content-type': 'application/x-www-form-urlencoded' },
    },
    form.toString(),
  );
  if (status !== 200) throw new Error(`no token: ${text}`);
  return String(json['access_token']);
}

/** @param way past the front, or through it as clients of other machines come */
export function instanceClient(
  product: RunningProduct,
  token: string,
  instance = 'dev',
  way: 'direct' | 'front' = 'direct',
): InstanceClient {
  const uris = product.state.uris.instances[instance];
  if (uris === undefined) throw new Error(`there is no instance ${instance}`);
  const port = way === 'front' ? product.state.port : Number(new URL(uris.direct).port);
  const host = new URL(uris.azure).host;
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });
  return {
    ask(method, path, body) {
      const text = body === undefined ? undefined : JSON.stringify(body);
      const type = text === undefined ? {} : { 'content-type': 'application/json' };
      return exchange(
        {
          ...{ port, servername: host, ca: product.ca, agent, method },
          path: path.includes('api-version=')
            ? path
            : `${path}${path.includes('?') ? '&' : '?'}api-version=${API_VERSION}`,
          headers: { host, authorization: `Bearer ${token}`, ...type },
        },
        text,
      );
    },
    [Symbol.dispose]: () => agent.destroy(),
  };
}

function exchange(options: RequestOptions, body: string | undefined): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const sent = request({ ...options, host: '127.0.0.1' }, (response) => {
      const chunks: Buffer[] = [];
      const localPort = response.socket.localPort ?? 0; // a connection that has ended has none
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) return reject(new Error('the answer was cut'));
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({
          status: response.statusCode ?? 0,
          text,
          json: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
          requestId: String(response.headers['x-ms-request-id']),
          localPort,
        });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}
