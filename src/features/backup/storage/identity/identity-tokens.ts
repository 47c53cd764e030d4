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
        throw failure(
          `its endpoint cannot be asked: ${code ?? name}`,
          error instanceof Error && code !== undefined ? error : undefined,
        );
      }
    },
  };
}

async function requestFor(identity: InstanceIdentity): Promise<Omit<OutboundCall, 'withinMs'>> {
  const query = (clientId: string | undefined, version: string): string =>
    new URLSearchParams({
      'api-version': version,
      resource: RESOURCE,
      ...(clientId === undefined ? {} : { client_id: clientId }),
    }).toString();
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
        ...(await authority(identity.caFile)),
      };
    }
    case 'imds': {
      const url = new URL(identity.endpoint ?? IMDS);
      url.search = query(identity.clientId, '2018-02-01');
      return { url, method: 'GET', headers: { metadata: 'true' } };
    }
    case 'appService': {
      const url = new URL(identity.endpoint);
      url.search = query(identity.clientId, '2019-08-01');
      const header = (await readFile(identity.headerFile, 'utf8')).trim();
      return { url, method: 'GET', headers: { 'x-identity-header': header }, ...(await authority(identity.caFile)) };
    }
  }
}

async function authority(caFile: string | undefined): Promise<{ readonly ca?: string }> {
  return caFile === undefined ? {} : { ca: await readFile(caFile, 'utf8') };
}

function readToken(status: number, text: string, nowMs: number): { token: string; expiresOnTimestamp: number } {
  const answer = parse(text);
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

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {}; // judged by the caller as an answer without members
  }
}

function failure(what: string, cause?: Error): StorageError {
  return new StorageError(
    'AccessDenied',
    `no token for the instance's identity: ${what}; check 'backupIdentity' in instance.json, or give a SAS token`,
    ...(cause === undefined ? [] : [{ cause }]),
  );
}
