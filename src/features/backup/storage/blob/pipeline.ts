// How the blob library is set up, and in which version of the protocol it speaks. The library's own is the newest there is,
// which clouds of their own, and an Azurite of last year, do not know; nothing here needs more than this one.
import {
  newPipeline,
  type Pipeline,
  type RequestPolicyFactory,
  type StoragePipelineOptions,
} from '@azure/storage-blob';

/** Known to the public cloud since November 2023 and to Azurite since 3.28. */
export const PROTOCOL_VERSION = '2023-11-03';

const speakingVersion: RequestPolicyFactory = {
  create: (next) => ({
    sendRequest(request) {
      request.headers.set('x-ms-version', PROTOCOL_VERSION);
      return next.sendRequest(request);
    },
  }),
};

export function blobPipeline(credential: Parameters<typeof newPipeline>[0], options: StoragePipelineOptions): Pipeline {
  const pipeline = newPipeline(credential, options);
  pipeline.factories.push(speakingVersion);
  return pipeline;
}
