// Bodies of both planes as JSON objects. What two readers could take for two things is refused: bytes that are no UTF-8, and
// a member that one object has twice.
import { findRepeatedMember } from '../formats/repeated-member.ts';
import type { JsonObject } from './route.ts';

/** Its text is for the client and repeats nothing of the body but a member's name. */
export class JsonTextError extends Error {
  override readonly name = 'JsonTextError';
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** @throws JsonTextError */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  let text: string;
  let value: unknown;
  try {
    text = utf8.decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw new JsonTextError('The request body is not valid JSON in UTF-8', { cause });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new JsonTextError('The request body must be a JSON object');
  }
  const twice = findRepeatedMember(text);
  if (twice === undefined) return value as JsonObject;
  throw new JsonTextError(`The request body has the member '${twice.slice(0, 64)}' twice in one object`);
}
