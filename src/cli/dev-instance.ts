// Speaks to a running development instance as its administrator, with the credentials of the data directory: a token
// from the embedded issuer, then one request to the public API. Names go to the loopback port, whatever they resolve to.
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { readDevClients } from '../main/config/dev-clients.ts';
import { azureNames } from '../main/config/name-forms.ts';
import type { RunningState } from '../main/files/running-state.ts';
import { instanceOrigin } from '../wire/name-form.ts';
import { CommandError } from './command.ts';

interface Reply {
  readonly status: number;
  readonly text: string;
}

/** @throws CommandError with what the service said */
export async function askInstance(
  state: RunningState,
  name: string,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
): Promise<unknown> {
  if (!Object.hasOwn(state.instances, name)) {
    const names = Object.keys(state.instances);
    throw new CommandError(
      `there is no instance '${name}'; there ${names.length === 0 ? 'are none' : `is ${names.join(', ')}`}`,
    );
  }
  const form = azureNames();
  const { tenantId, applications } = readDevClients(state.dataRoot);
  const grant = new URLSearchParams({
    grant_type: 'client_credentials',
    client_id: applications.admin.appId,
    client_secret: applications.admin.secret,
    scope: `${form.audiences.instances[0] ?? ''}/.default`,
  });
  const issued = await send(state, 'POST', `${form.login}/${tenantId}/oauth2/v2.0/token`, {
    body: grant.toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  });
  const { access_token: token } = parse(issued, 'the token issuer') as { readonly access_token?: unknown };
  if (typeof token !== 'string') throw new CommandError('the token issuer answered without a token');
  const answer = await send(state, method, instanceOrigin(form, name) + path, {
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return parse(answer, `instance '${name}'`);
}

function send(
  { ca, port }: RunningState,
  method: string,
  url: string,
  { headers, body }: { readonly headers: Readonly<Record<string, string>>; readonly body?: string },
): Promise<Reply> {
  const { hostname, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        host: '127.0.0.1',
        port,
        method,
        path: pathname + search,
        servername: hostname,
        ca: readFileSync(ca, 'utf8'),
        agent: false,
        headers: { host: hostname, 'content-length': Buffer.byteLength(body ?? ''), ...headers },
        timeout: 30_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new CommandError(`${hostname} did not answer within 30 seconds`)));
    sent.on('error', reject);
    sent.end(body);
  });
}

function parse({ status, text }: Reply, who: string): unknown {
  if (status !== 200) throw new CommandError(`${who} answered ${status}: ${text.slice(0, 600)}`);
  return JSON.parse(text);
}
