// Why an exchange is refused, in Entra's numbers.
import type { EntraCode } from '../issuer/entra-error.ts';

export class ExchangeRefused extends Error {
  override readonly name = 'ExchangeRefused';
  readonly status: number;
  readonly code: EntraCode & { readonly error: string };
  constructor(status: number, code: EntraCode & { readonly error: string }) {
    super(code.text);
    this.status = status;
    this.code = code;
  }
}

export function refused(code: number, text: string): ExchangeRefused {
  return new ExchangeRefused(401, { code, error: 'invalid_client', text });
}

export function unmatched(code: number, what: string): ExchangeRefused {
  return refused(code, `No matching federated identity record found for presented assertion ${what}.`);
}
