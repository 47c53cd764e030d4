// Rows of the pages where a person signs in. A browser login ends in a redirect with a code; a device login marks the
// device code as approved, and the waiting client picks its tokens up at the token endpoint.
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  type ControlAnswer,
  ControlError,
  type ControlRequest,
  type ControlRow,
  handled,
} from '../../../http/control-row.ts';
import type { User } from '../directory.ts';
import { findUserByPassword } from '../find-principal.ts';
import type { Issuer } from './create-issuer.ts';
import { renderNotice, renderSignIn } from './sign-in-page.ts';

const WRONG = 'The user name or password is wrong.';

export function signInRows(issuer: Issuer): readonly ControlRow[] {
  const users = issuer.directory.users.map((user) => user.upn);
  const devicePage = (status: number, userCode: string, problem?: string): ControlAnswer => ({
    status,
    html: renderSignIn('Approve a device', users, problem, userCode),
  });
  const signInPage = (status: number, problem?: string): ControlAnswer => ({
    status,
    html: renderSignIn('Sign in', users, problem),
  });
  const approve = async (request: ControlRequest): Promise<ControlAnswer> => {
    const form = request.body as URLSearchParams;
    const userCode = (form.get('user_code') ?? '').slice(0, 40);
    const user = await userOf(issuer, form);
    if (user === undefined) return devicePage(401, userCode, WRONG);
    const { provider, grantToClient } = await issuer.library();
    const code = await provider.DeviceCode.findByUserCode(userCode.toUpperCase().replace(/\W/g, ''));
    if (code === undefined) return devicePage(404, userCode, 'There is no such code, or it has expired.');
    if (code.accountId !== undefined) return devicePage(409, userCode, 'This code was approved before.');
    code.accountId = user.oid;
    code.grantId = await grantToClient(user.oid, code.clientId, code.params.resource);
    await code.save();
    return { html: renderNotice('Signed in', 'The device is signed in. You can close this page.') };
  };
  const form = { signsIn: true, body: 'form' } as const;
  return [
    handled('login', 'GET', '/devicelogin', ({ query }) =>
      devicePage(200, (query.get('user_code') ?? '').slice(0, 40)),
    ),
    handled('login', 'POST', '/devicelogin', approve, form),
    handled('login', 'GET', '/interaction/:uid', () => signInPage(200)),
    handled(
      'login',
      'POST',
      '/interaction/:uid',
      async (request, req, res) => {
        const user = await userOf(issuer, request.body as URLSearchParams);
        if (user === undefined) return signInPage(401, WRONG);
        const { params } = await findInteraction(issuer, req, res);
        const { provider, grantToClient } = await issuer.library();
        const grantId = await grantToClient(user.oid, params.client_id ?? '', params.resource);
        const result = { login: { accountId: user.oid, remember: false }, consent: { grantId } };
        return { status: 303, headers: { location: await provider.interactionResult(req, res, result) } };
      },
      form,
    ),
    {
      host: 'login',
      method: 'GET',
      path: '/auth/:uid',
      signsIn: true,
      pass: async (request, req, res) =>
        (await issuer.library()).pass(request.origin, `/auth/${request.params.uid ?? ''}`, req, res),
    },
  ];
}

/** @throws ControlError 400 when this browser did not begin a sign-in */
async function findInteraction(issuer: Issuer, req: IncomingMessage, res: ServerResponse) {
  const { provider } = await issuer.library();
  try {
    return await provider.interactionDetails(req, res);
  } catch (cause) {
    const { errors } = await import('oidc-provider');
    if (!(cause instanceof errors.InvalidRequest)) throw cause;
    throw new ControlError(400, 'invalid_request', 'This sign-in has expired or was not begun here.', { cause });
  }
}

function userOf({ directory }: Issuer, form: URLSearchParams): Promise<User | undefined> {
  return findUserByPassword(directory, form.get('username') ?? '', form.get('password') ?? '');
}
