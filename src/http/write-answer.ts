// Writes an outcome to the client, with the headers of the service.
import type { Call } from './call.ts';
import type { Outcome } from './outcome.ts';

const FIXED: readonly string[] = [
  'Cache-Control',
  'no-cache',
  'X-Content-Type-Options',
  'nosniff',
  'X-Frame-Options',
  'SAMEORIGIN',
  'Content-Security-Policy',
  "default-src 'self'",
  'Strict-Transport-Security',
  'max-age=31536000; includeSubDomains',
];

export interface AnswerHeaders {
  readonly region: string;
  readonly buildVersion: string;
}

export function writeAnswer(call: Call, outcome: Outcome, { region, buildVersion }: AnswerHeaders): void {
  const { request, response } = call;
  if (response.destroyed || response.headersSent) return;
  const headers: string[] = [
    ...FIXED,
    'x-ms-request-id',
    call.id,
    'x-ms-keyvault-region',
    region,
    'x-ms-keyvault-network-info',
    networkInfo(call.peer.address),
    'x-ms-server-latency',
    String(Math.round(performance.now() - call.startedAt)),
    // With every answer that names no other, whatever its body is: an empty one, or the two bytes of a challenge.
    'Content-Type',
    outcome.contentType ?? 'application/json; charset=utf-8',
    'Content-Length',
    String(Buffer.byteLength(outcome.text)),
  ];
  if (outcome.status === 403) headers.push('x-strongroom-trace', call.id);
  if (request.method === 'GET') headers.push('x-ms-build-version', buildVersion);
  if (outcome.headers !== undefined)
    for (const [name, value] of Object.entries(outcome.headers)) headers.push(name, value);
  const clientRequestId = request.headers['x-ms-client-request-id'];
  if (
    request.headers['x-ms-return-client-request-id'] === 'true' &&
    typeof clientRequestId === 'string' &&
    /^[\w-]{1,100}$/.test(clientRequestId)
  ) {
    headers.push('x-ms-client-request-id', clientRequestId);
  }
  response.writeHead(outcome.status, headers);
  // As a string it leaves in one write with the head.
  response.end(outcome.text, 'utf8');
}

/** `conn_type=…;addr=…;act_addr_fam=…;` of the peer. */
function networkInfo(address: string): string {
  const family = address.includes(':') ? 'Ipv6' : 'Ipv4';
  return `conn_type=${family};addr=${address};act_addr_fam=${family};`;
}
