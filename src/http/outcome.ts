// What goes back for a call: an answer, or a refusal in the service's error shape.

import type { Call } from './call.ts';
import type { Answer } from './route.ts';
import type { ServiceError } from './service-error.ts';

export interface Outcome {
  readonly status: number;
  /** JSON or plain text; empty for none. */
  readonly text: string;
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** Absent: JSON. */
  readonly contentType?: string;
  /** The code and message of a refusal, for the record. */
  readonly refusal: ServiceError | undefined;
  readonly answer: Answer | undefined;
}

const CLOSE = { Connection: 'close' };

export function answered(answer: Answer): Outcome {
  const { body } = answer;
  const text = body === undefined ? '' : typeof body === 'string' ? body : JSON.stringify(body);
  return { status: answer.status, text, headers: answer.headers, refusal: undefined, answer };
}

export function refused(call: Call, refusal: ServiceError, methodsAllowed: () => readonly string[]): Outcome {
  const outcome = { status: refusal.status, refusal, answer: undefined };
  switch (refusal.code) {
    case 'Unauthorized':
      // As the service answers the first, token-less request: two bytes of text on GET, nothing on other methods. Whose token
      // is refused is given no JSON that is none: a client in Python would tell of a broken body, and not of its token.
      return {
        ...outcome,
        text: call.request.method === 'GET' ? 'OK' : '',
        ...(call.request.headers.authorization === undefined ? {} : { contentType: 'text/plain; charset=utf-8' }),
        headers: { 'WWW-Authenticate': call.host?.challenge ?? 'Bearer' },
      };
    case 'MethodNotAllowed':
      return { ...outcome, text: errorJson(call, refusal), headers: { Allow: methodsAllowed().join(', ') } };
    case 'ServiceUnavailable':
    case 'Throttled':
      return { ...outcome, text: errorJson(call, refusal), headers: { 'Retry-After': String(refusal.retryAfter) } };
    case 'RequestBodyTooLarge':
    case 'RequestTimeout':
      // The rest of the body is not worth reading.
      return { ...outcome, text: errorJson(call, refusal), headers: CLOSE };
    default:
      // Whom the network rules keep out holds no connection that others could have.
      return {
        ...outcome,
        text: errorJson(call, refusal),
        headers: refusal.innerCode === 'ForbiddenByFirewall' ? CLOSE : undefined,
      };
  }
}

function errorJson(call: Call, { code, message, innerCode, ofJob }: ServiceError): string {
  if (ofJob) return JSON.stringify({ error: { code, innererror: null, message } });
  return JSON.stringify({
    error: {
      code,
      ...(innerCode === undefined ? {} : { innererror: { code: innerCode } }),
      message: `${message} (Activity ID: ${call.id})`,
    },
  });
}
