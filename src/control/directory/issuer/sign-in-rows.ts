// Rows of the pages where a person signs in. A browser login ends in a redirect with a code; a device login marks the
// device code as approved, and the waiting client picks its tokens up at the token endpoint.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { errors, type InteractionDetails } from 'oidc-provider';
import { type ControlAnswer, ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import type { User } from '../directory.ts';
import { grantToClient, type Issuer } from './create-issuer.ts';
import { findUserByPassword } from './grants.ts';
import { renderNotice, renderSignIn } from './sign-in-page.ts';

export function signInRows(issuer: Issuer): readonly ControlRow[] {
  const { provider, directory } = issuer;
  const users = directory.users.map((user) => user.upn);
  const devicePage = (status: number, userCode: string, problem?: string): ControlAnswer => ({
    status,
    html: renderSignIn({ title: 'Approve a device', users, userCode, ...(problem === undefined ? {} : { problem }) }),
  });
  const approve = async (request: ControlRequest): Promise<ControlAnswer> => {
    const form = request.body as URLSearchParams;
    const userCode = (form.get('user_code') ?? '').slice(0, 40);
    const user = await userOf(issuer, form);
    if (user === undefined) return devicePage(401, userCode, 'The user name or password is wrong.');
    const code = await provider.DeviceCode.findByUserCode(userCode.toUpperCase().replace(/\W/g, ''));
    if (code === undefined) return devicePage(404, userCode, 'There is no such code, or it has expired.');
    if (code.accountId !== undefined) return devicePage(409, userCode, 'This code was approved before.');
    code.accountId = user.oid;
    code.grantId = await grantToClient(issuer, user.oid, code.clientId, code.params.resource);
    await code.save();
    return { status: 200, html: renderNotice('Signed in', 'The device is signed in. You can close this page.') };
  };
  return [
    {
      host: 'login',
      method: 'GET',
      path: '/devicelogin',
      body: 'none',
      handle: (request) => devicePage(200, (request.query.get('user_code') ?? '').slice(0, 40)),
    },
    { host: 'login', method: 'POST', path: '/devicelogin', signsIn: true, body: 'form', handle: approve },
    {
      host: 'login',
      method: 'GET',
      path: '/interaction/:uid',
      body: 'none',
      handle: () => ({ status: 200, html: renderSignIn({ title: 'Sign in', users }) }),
    },
    {
      host: 'login',
      method: 'POST',
      path: '/interaction/:uid',
      signsIn: true,
      body: 'form',
      async handle(request, req, res) {
        const user = await userOf(issuer, request.body as URLSearchParams);
        if (user === undefined) {
          const problem = 'The user name or password is wrong.';
          return { status: 401, html: renderSignIn({ title: 'Sign in', users, problem }) };
        }
        const { params } = await findInteraction(issuer, req, res);
        const grantId = await grantToClient(issuer, user.oid, params.client_id ?? '', params.resource);
        const result = { login: { accountId: user.oid, remember: false }, consent: { grantId } };
        return { status: 303, headers: { location: await provider.interactionResult(req, res, result) } };
      },
    },
    {
      host: 'login',
      method: 'GET',
      path: '/auth/:uid',
      signsIn: true,
      pass: (request, req, res) => issuer.pass(request.origin, `/auth/${request.params.uid ?? ''}`, req, res),
    },
  ];
}

/** @throws ControlError 400 when this browser did not begin a sign-in */
async function findInteraction(
  { provider }: Issuer,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<InteractionDetails> {
  try {
    return await provider.interactionDetails(req, res);
  } catch (cause) {
    if (!(cause instanceof errors.InvalidRequest)) throw cause;
    throw new ControlError(400, 'invalid_request', 'This sign-in has expired or was not begun here.', { cause });
  }
}

function userOf({ directory }: Issuer, form: URLSearchParams): Promise<User | undefined> {
  return findUserByPassword(directory, form.get('username') ?? '', form.get('password') ?? '');
}
