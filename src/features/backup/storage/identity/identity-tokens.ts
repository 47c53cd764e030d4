// Tokens for blob storage under the instance's own identity. Whatever the storage asks for in its challenges, a token is
// fetched for blob storage alone: a place that is allowed for backups must not get one for anything else.
import { readFile } from 'node:fs/promises';
import type { InstanceIdentity } from '../../../../formats/instance-identity.ts';
import { call, type OutboundCall } from '../../../../http/outbound.ts';
import { StorageError } from '../port.ts';

/** As the blob library asks for tokens; what it asks for is not looked at. */
export interface IdentityTokens {
  getToken(): Promise<{ readonly token: string; readonly expiresOnTimestamp: number }>;
}

const RESOURCE = 'https://storage.azure.com';
/** Of one request to a token endpoint and its small answer. */
const WITHIN_MS = 15_000;
const MAX_ANSWER = 64 * 1024;
const IMDS = 'http://169.254.169.254/metadata/identity/oauth2/token';

export function identityTokens(identity: InstanceIdentity, nowMs: () => number, stopping: AbortSignal): IdentityTokens {
  return {
    async getToken() {
      try {
        const asked = await requestFor(identity);
        const headers = { ...asked.headers, accept: 'application/json' };
        const { status, body } = await call({ ...asked, headers, withinMs: WITHIN_MS, stopping }, MAX_ANSWER);
        return readToken(status, body.toString('utf8'), nowMs());
      } catch (error) {
        if (stopping.aborted || error instanceof StorageError) throw stopping.aborted ? stopping.reason : error;
        const { code, name } = error as NodeJS.ErrnoException;
        throw failure(`its endpoint cannot be asked: ${code ?? name}`, code === undefined ? undefined : error);
      }
    },
  };
}

async function requestFor(identity: InstanceIdentity): Promise<Omit<OutboundCall, 'withinMs'>> {
  const asking = (endpoint: string, version: string): URL => {
    const url = new URL(endpoint);
    const { clientId } = identity;
    const client = clientId === undefined ? {} : { client_id: clientId };
    url.search = new URLSearchParams({ 'api-version': version, resource: RESOURCE, ...client }).toString();
    return url;
  };
  switch (identity.kind) {
    case 'clientCredential': {
      return {
        url: new URL(identity.tokenEndpoint),
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'client_credentials',
          client_id: identity.clientId,
          client_secret: (await readFile(identity.secretFile, 'utf8')).trim(),
          scope: `${RESOURCE}/.default`,
        }).toString(),
        ca: await authority(identity.caFile),
      };
    }
    case 'imds':
      return { url: asking(identity.endpoint ?? IMDS, '2018-02-01'), method: 'GET', headers: { metadata: 'true' } };
    case 'appService':
      return {
        url: asking(identity.endpoint, '2019-08-01'),
        method: 'GET',
        headers: { 'x-identity-header': (await readFile(identity.headerFile, 'utf8')).trim() },
        ca: await authority(identity.caFile),
      };
  }
}

async function authority(caFile: string | undefined): Promise<string | undefined> {
  return caFile === undefined ? undefined : readFile(caFile, 'utf8');
}

function readToken(status: number, text: string, nowMs: number): { token: string; expiresOnTimestamp: number } {
  const answer = Object(parse(text)) as Readonly<Record<string, unknown>>;
  if (status !== 200) {
    const word = answer['error'];
    const shown = typeof word === 'string' && /^[a-z_]{1,40}$/.test(word) ? ` ${word}` : '';
    throw failure(`its endpoint answered ${status}${shown}`);
  }
  const token = answer['access_token'];
  const seconds = Number(answer['expires_in'] ?? Number(answer['expires_on']) - nowMs / 1000);
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,16384}$/.test(token) || !(seconds > 0 && seconds < 1e7)) {
    throw failure('its endpoint gave an answer without a usable token');
  }
  return { token, expiresOnTimestamp: nowMs + seconds * 1000 };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // judged by the caller as an answer without members
  }
}

function failure(what: string, cause?: unknown): StorageError {
  return new StorageError(
    'AccessDenied',
    `no token for the instance's identity: ${what}; check 'backupIdentity' in instance.json, or give a SAS token`,
    { cause },
  );
}
