// The body of release: a target token, a nonce to give back, a way to wrap.
import { DEFAULT_WRAP_MODE, wrapModes } from '../../formats/key-wrap-modes.ts';
import { readOptionalText, readText } from '../../http/body.ts';
import type { JsonObject } from '../../http/route.ts';
import { ServiceError } from '../../http/service-error.ts';

export interface ReleaseRequest {
  readonly target: string;
  readonly nonce: string | undefined;
  readonly enc: string;
}

const MAX_NONCE = 1024;

/** @throws ServiceError BadParameter */
export function readReleaseRequest(body: JsonObject): ReleaseRequest {
  const target = readText(body, 'target');
  const nonce = readOptionalText(body, 'nonce');
  if (nonce !== undefined && nonce.length > MAX_NONCE) {
    throw new ServiceError('BadParameter', `Property 'nonce' has more than ${MAX_NONCE} characters`);
  }
  const enc = readOptionalText(body, 'enc') ?? DEFAULT_WRAP_MODE;
  if (!wrapModes.has(enc)) {
    throw new ServiceError('BadParameter', `Property 'enc' must be one of ${[...wrapModes.keys()].join(', ')}`);
  }
  return { target, nonce, enc };
}
