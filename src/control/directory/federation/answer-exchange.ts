// The token endpoint's body is read here first, to see whether it is an exchange. If not, the protocol library gets it as if it
// had read it itself.
import type { IncomingMessage } from 'node:http';
import type { ControlAnswer } from '../../../http/control-row.ts';
import { entraBody } from '../issuer/entra-error.ts';
import { type ExchangeRules, exchangeAssertion } from './exchange.ts';

/** As much as the library takes. */
const MAX_BODY = 56 * 1024;
const FORM = 'application/x-www-form-urlencoded';

/** Undefined: the request is the library's, its body in `req.body`. */
export async function answerExchange(rules: ExchangeRules, req: IncomingMessage): Promise<ControlAnswer | undefined> {
  const type = (req.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  // The library refuses other types without reading them.
  if (type !== FORM) return undefined;
  const body = await readBody(req);
  if (body === undefined) {
    const text = `The request is malformed: its body is larger than ${MAX_BODY} bytes.`;
    const json = entraBody({ code: 900144, error: 'invalid_request', text }, rules.now());
    return { status: 413, headers: { connection: 'close' }, json };
  }
  const answer = await exchangeAssertion(new URLSearchParams(body.toString('utf8')), rules);
  if (answer === undefined) Object.assign(req, { body });
  return answer;
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
