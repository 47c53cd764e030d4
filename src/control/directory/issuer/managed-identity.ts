// Tokens for the managed identity that instances of the dev profile have towards blob storage, asked for as App Service has
// its processes ask. Whoever has the header's value is an instance; nobody else can ask, and for nothing but storage.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { replaceFile } from '../../../files/durable-file.ts';
import { ControlError, type ControlRow, handled } from '../../../http/control-row.ts';
import { readOrMake } from '../list-file.ts';
import { isSameSecret } from '../secret-hash.ts';
import { signAppToken, type TokenSigning } from './token-claims.ts';

const IDENTITY_PATH = '/msi/token';
/** In the control process's folder: the value of the header, made at first start. */
export const IDENTITY_HEADER_FILE = 'identity-header';
const API_VERSION = '2019-08-01';

interface ManagedIdentityOptions extends TokenSigning {
  /** Exact `aud` values that can be asked for. */
  readonly audiences: readonly string[];
  readonly header: string;
}

export function newIdentityHeader(): string {
  return randomBytes(32).toString('hex');
}

export function loadIdentityHeader(folder: string, replace?: typeof replaceFile): Promise<string> {
  return readOrMake(join(folder, IDENTITY_HEADER_FILE), newIdentityHeader, replace);
}

export function managedIdentityRow(options: ManagedIdentityOptions): ControlRow {
  const { directory, audiences, header } = options;
  return handled('login', 'GET', IDENTITY_PATH, async ({ headers, query }) => {
    if (!isSameSecret(headers['x-identity-header'], header))
      throw refusal(401, 'the header X-IDENTITY-HEADER is not right');
    if (query.get('api-version') !== API_VERSION) throw refusal(400, `the api-version must be ${API_VERSION}`);
    const resource = query.get('resource') ?? '';
    if (!audiences.includes(resource)) throw refusal(400, `the resource must be one of ${audiences.join(', ')}`);
    const clientId = query.get('client_id');
    const identity = directory.managedIdentities.find((each) => clientId === null || each.clientId === clientId);
    if (identity === undefined) throw refusal(400, 'there is no such managed identity');
    const { token, expiresOn } = await signAppToken(options, identity, resource);
    return {
      json: {
        access_token: token,
        expires_on: String(expiresOn),
        resource,
        token_type: 'Bearer',
        client_id: identity.clientId,
      },
    };
  });
}

function refusal(status: number, message: string): ControlError {
  return new ControlError(status, 'InvalidRequest', message);
}
