// What goes back for a call, an answer or a refusal in the service's error shape, and how it is written.
import type { ServerResponse } from 'node:http';
import type { Call } from './call.ts';
import { http } from './plain-http.ts';
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
  if (refusal.code !== 'Unauthorized')
    return { ...outcome, text: errorJson(call, refusal), headers: refusalHeaders(refusal, methodsAllowed) };
  // As the service answers the first, token-less request: two bytes of text on GET, nothing on other methods. Whose token
  // is refused is given no JSON that is none: a client in Python would tell of a broken body, and not of its token.
  return {
    ...outcome,
    text: call.request.method === 'GET' ? 'OK' : '',
    ...(call.request.headers.authorization === undefined ? {} : { contentType: 'text/plain; charset=utf-8' }),
    headers: { 'WWW-Authenticate': call.host?.challenge ?? 'Bearer' },
  };
}

function refusalHeaders(
  { code, innerCode, retryAfter }: ServiceError,
  methodsAllowed: () => readonly string[],
): Outcome['headers'] {
  switch (code) {
    case 'MethodNotAllowed':
      return { Allow: methodsAllowed().join(', ') };
    case 'ServiceUnavailable':
    case 'Throttled':
      return { 'Retry-After': String(retryAfter) };
    case 'RequestBodyTooLarge':
    case 'RequestTimeout':
      // The rest of the body is not worth reading.
      return CLOSE;
    default:
      // Whom the network rules keep out holds no connection that others could have.
      return innerCode === 'ForbiddenByFirewall' ? CLOSE : undefined;
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

const FIXED = [
  'Cache-Control: no-cache',
  'X-Content-Type-Options: nosniff',
  'X-Frame-Options: SAMEORIGIN',
  "Content-Security-Policy: default-src 'self'",
  'Strict-Transport-Security: max-age=31536000; includeSubDomains',
  'x-ms-request-id: ',
].join('\r\n');

type StoreHeader = (this: ServerResponse, firstLine: string, headers: unknown) => void;
const storeHeader = Reflect.get(http.ServerResponse.prototype, '_storeHeader') as StoreHeader;

/**
 * An answer with lines of its head that are known to be right: Node looks through each header that it is given, twice, which costs
 * more than all else that is done for the head. It puts them together with its own as ever.
 */
export class PreparedResponse extends http.ServerResponse {
  /** Whole lines, each with its CRLF. */
  prepared = '';

  /** Node's, for which the status line is the beginning of the head. */
  _storeHeader(firstLine: string, headers: unknown): void {
    storeHeader.call(this, firstLine + this.prepared, headers);
  }
}

/** What the answers of one instance have in common. */
export interface ServiceHeaders {
  /** As it stands in a header: an owner may name a region anything. */
  readonly region: string;
  readonly buildVersion: string;
}

export function serviceHeaders(region: string, buildVersion: string): ServiceHeaders {
  return { region: /^[ -~]*$/.test(region) ? region : encodeURIComponent(region.toWellFormed()), buildVersion };
}

export function writeAnswer(call: Call, outcome: Outcome, { region, buildVersion }: ServiceHeaders): void {
  const { request, response } = call;
  if (response.destroyed || response.headersSent) return;
  // The type is given with every answer that names no other, whatever its body is: an empty one, or the two bytes of a challenge.
  response.prepared =
    `${FIXED}${call.id}\r\nx-ms-keyvault-region: ${region}\r\n` +
    `x-ms-keyvault-network-info: ${networkInfo(call.peer.address)}\r\n` +
    `x-ms-server-latency: ${Math.round(performance.now() - call.startedAt)}\r\n` +
    `Content-Type: ${outcome.contentType ?? 'application/json; charset=utf-8'}\r\n`;
  const headers = ['Content-Length', String(Buffer.byteLength(outcome.text))];
  if (outcome.status === 403) headers.push('x-strongroom-trace', call.id);
  if (request.method === 'GET') headers.push('x-ms-build-version', buildVersion);
  if (outcome.headers !== undefined)
    for (const [name, value] of Object.entries(outcome.headers)) headers.push(name, value);
  const { headers: asked } = request;
  const clientRequestId = asked['x-ms-client-request-id'];
  if (
    asked['x-ms-return-client-request-id'] === 'true' &&
    typeof clientRequestId === 'string' &&
    /^[\w-]{1,100}$/.test(clientRequestId)
  ) {
    headers.push('x-ms-client-request-id', clientRequestId);
  }
  if (call.trace !== undefined) headers.push('traceresponse', call.trace.response);
  if (outcome.headers === CLOSE) response.shouldKeepAlive = false;
  response.writeHead(outcome.status, headers);
  // As a string it leaves in one write with the head.
  response.end(outcome.text, 'utf8');
}

/** `conn_type=…;addr=…;act_addr_fam=…;` of the peer. */
function networkInfo(address: string): string {
  const family = address.includes(':') ? 'Ipv6' : 'Ipv4';
  return `conn_type=${family};addr=${address};act_addr_fam=${family};`;
}
