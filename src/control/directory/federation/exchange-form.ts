// What an exchange asks for: the form of its request, and the audience in it.
import { audienceOfScope } from '../issuer/audience.ts';
import { ExchangeRefused } from './exchange-refused.ts';

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The audience that is asked for. @throws ExchangeRefused */
export function requestedExchange(form: URLSearchParams, audiences: ReadonlySet<string>): string {
  const names = [...form.keys()];
  if (new Set(names).size !== names.length) throw malformed('a parameter is given twice');
  if (form.get('grant_type') !== 'client_credentials') {
    throw new ExchangeRefused(400, {
      code: 70003,
      error: 'unsupported_grant_type',
      text: 'A token of another issuer is exchanged with the grant client_credentials only.',
    });
  }
  if (form.get('client_assertion_type') !== ASSERTION_TYPE)
    throw malformed(`client_assertion_type must be ${ASSERTION_TYPE}`);
  if (form.has('client_secret')) throw malformed('either client_secret or client_assertion');
  const audience = form.get('resource') ?? audienceIn(form.get('scope') ?? '');
  if (audience === undefined) {
    throw new ExchangeRefused(400, {
      code: 70011,
      error: 'invalid_scope',
      text: 'The scope must be one resource followed by /.default.',
    });
  }
  if (!audiences.has(audience)) {
    throw new ExchangeRefused(400, {
      code: 500011,
      error: 'invalid_resource',
      text: 'The resource principal named in the request was not found in the tenant.',
    });
  }
  return audience;
}

function audienceIn(scope: string): string | undefined {
  try {
    return audienceOfScope(scope);
  } catch {
    return undefined;
  }
}

function malformed(reason: string): ExchangeRefused {
  return new ExchangeRefused(400, {
    code: 900144,
    error: 'invalid_request',
    text: `The request is malformed: ${reason}.`,
  });
}
