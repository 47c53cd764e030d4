// A container as the library sees it, reached by our own client.
import { ContainerClient, newPipeline } from '@azure/storage-blob';
import type { BlobPlace } from './explain.ts';
import { BlobHttpClient } from './http-client.ts';

/** @returns `http` to be disposed of */
export function openContainer(place: BlobPlace): { readonly client: ContainerClient; readonly http: BlobHttpClient } {
  const { uri, credential } = place;
  const { count, delayMs, deadlineMs } = place.attempts;
  const http = new BlobHttpClient({ ...place, origin: new URL(uri).origin, deadlineMs });
  const pipeline = newPipeline('identity' in credential ? credential.identity : undefined, {
    httpClient: http,
    retryOptions: { maxTries: count, retryDelayInMs: delayMs, maxRetryDelayInMs: 10 * delayMs },
    userAgentOptions: { userAgentPrefix: 'strongroom' },
  });
  return { client: new ContainerClient('sas' in credential ? `${uri}?${credential.sas}` : uri, pipeline), http };
}
