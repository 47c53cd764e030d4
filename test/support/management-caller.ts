// The admin of a test's control process as a client of its resource manager: paths are those below the one subscription.
import assert from 'node:assert/strict';
import type { Reply, RunningControl } from './running-control.ts';

const ARM = 'https://management.azure.com';
const AUDIENCE = 'https://management.core.windows.net/';

export interface ManagementCaller {
  readonly subscription: string;
  /** `path` below the subscription, or with `https:` an address that the service gave out or that is below nothing. */
  ask(method: string, path: string, json?: unknown, headers?: Readonly<Record<string, string>>): Promise<Reply>;
  /** Polls what `Location` or `Azure-AsyncOperation` names until it ends, and returns the last answer. */
  finish(begun: Reply): Promise<Reply>;
  /** Makes an HSM, and waits until it is there. */
  make(path: string, changes?: object): Promise<Reply>;
}

export async function managementCaller(
  control: RunningControl,
  login = control.secrets.applications.admin,
): Promise<ManagementCaller> {
  const token = await control.token(login, AUDIENCE);
  let subscription = '';
  const ask: ManagementCaller['ask'] = (method, path, json, headers = {}) => {
    const url = new URL(path.startsWith('https:') ? path : `${ARM}/subscriptions/${subscription}${path}`);
    if (!url.searchParams.has('api-version')) url.searchParams.set('api-version', '2024-11-01');
    return control.call(url.href, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(json === undefined ? {} : { json }),
    });
  };
  const list = await ask('GET', `${ARM}/subscriptions`);
  subscription = (list.json.value as readonly { readonly subscriptionId: string }[])[0]?.subscriptionId ?? '';
  const finish = async (begun: Reply): Promise<Reply> => {
    let reply = begun;
    while (reply.status === 202) reply = await ask('GET', String(reply.headers.location));
    const progress = begun.headers['azure-asyncoperation'];
    if (progress === undefined) return reply;
    do reply = await ask('GET', String(progress));
    while (reply.json.status === 'InProgress');
    return reply;
  };
  return {
    subscription,
    ask,
    finish,
    async make(path, changes = {}) {
      const reply = await finish(
        await ask('PUT', path, {
          location: 'local',
          sku: { family: 'B', name: 'Standard_B1' },
          properties: { initialAdminObjectIds: [control.secrets.applications.admin.oid], softDeleteRetentionInDays: 7 },
          ...changes,
        }),
      );
      assert.equal(reply.status, 200, reply.text);
      return reply;
    },
  };
}
