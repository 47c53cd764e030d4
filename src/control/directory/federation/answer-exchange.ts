// The token endpoint's body is read here first, to see whether it is an exchange. If not, the protocol library gets it as if it
// had read it itself.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { entraBody } from '../issuer/entra-error.ts';
import { type ExchangeAnswer, type ExchangeRules, exchangeAssertion } from './exchange.ts';

/** As much as the library takes. */
const MAX_BODY = 56 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** True: it has been answered. False: the request is the library's, its body in `req.body`. */
export async function answerExchange(
  rules: ExchangeRules,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<boolean> {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  // The library refuses other types without reading them.
  if (type !== FORM) return false;
  const body = await readBody(req);
  if (body === undefined) {
    const text = `The request is malformed: its body is larger than ${MAX_BODY} bytes.`;
    res.setHeader('connection', 'close');
    write(res, { status: 413, json: entraBody({ code: 900144, error: 'invalid_request', text }, rules.now()) });
    return true;
  }
  const answer = await exchangeAssertion(new URLSearchParams(body.toString('utf8')), rules);
  if (answer === undefined) {
    Object.assign(req, { body });
    return false;
  }
  write(res, answer);
  return true;
}

async function readBody(req: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop must not end the connection: the refusal still has to be answered on it.
  for await (const chunk of req.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

function write(res: ServerResponse, { status, json }: ExchangeAnswer): void {
  const body = JSON.stringify(json);
  res.statusCode = status;
  res.setHeader('content-type', 'application/json; charset=utf-8');
  res.setHeader('content-length', Buffer.byteLength(body));
  res.end(body);
}
