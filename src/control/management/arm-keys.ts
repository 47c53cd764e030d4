// Rows of an HSM's keys in the resource manager. The caller's request and token are handed on to the instance, which alone
// decides; what comes back gets ids and addresses under the names that the caller used.
import { ShapeError } from '../../formats/shape.ts';
import { ControlError, type ControlRequest, type ControlRow } from '../../http/control-row.ts';
import { instanceOrigin } from '../../http/name-form.ts';
import { HSM, type InstanceAnswer, type MakeRow, type Management } from './arm-row.ts';
import { hsmId, requireHsm } from './find.ts';

interface Key {
  readonly name: string;
  readonly version: string;
  readonly tags?: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

const ACTION = 'Microsoft.KeyVault/managedHSMs/keys';
const KEY_NAME = /^[0-9A-Za-z-]{1,127}$/;
const VERSION = /^[0-9a-f]{32}$/i;

export function armKeyRows({ book, askInstance }: Management, row: MakeRow): readonly ControlRow[] {
  /** The answer, and how a key in it is shown: as itself, or as a version. */
  const ask = async (request: ControlRequest, method: 'GET' | 'PUT', path: string, isVersion = false) => {
    const hsm = requireHsm(book.current, request);
    const answer = await askInstance({
      hsm: hsm.name,
      method,
      path: `/arm/keys${path}?api-version=7.6`,
      authorization: request.headers.authorization ?? '',
      ...(method === 'PUT' ? { body: request.body } : {}),
    });
    if (answer === undefined) {
      const message = `The managed HSM '${hsm.spelledName}' does not serve at the moment.`;
      throw new ControlError(503, 'ServiceUnavailable', message);
    }
    if (answer.status !== 200) throw refuseByInstance(hsm.spelledName, answer);
    const describe = (key: Key) => {
      const keyUri = `${instanceOrigin(request.names, hsm.name)}/keys/${key.name}`;
      const id = `${hsmId(book.current, hsm)}/keys/${key.name}`;
      return {
        id: isVersion ? `${id}/versions/${key.version}` : id,
        name: isVersion ? key.version : key.name,
        type: isVersion ? `${ACTION}/versions` : ACTION,
        location: hsm.location,
        tags: key.tags ?? {},
        properties: { ...key.properties, keyUri, keyUriWithVersion: `${keyUri}/${key.version}` },
      };
    };
    return { answer: answer.json, describe };
  };
  const one = async (...asked: Parameters<typeof ask>) => {
    const { answer, describe } = await ask(...asked);
    return { json: describe(answer as Key) };
  };
  const several = async (request: ControlRequest, path: string, isVersion = false) => {
    const { answer, describe } = await ask(request, 'GET', path, isVersion);
    const { value } = answer as { readonly value: readonly Key[] };
    return { json: { value: value.map(describe) } };
  };
  const key = `${HSM}/keys/:key`;
  return [
    row('GET', `${HSM}/keys`, `${ACTION}/read`, (request) => several(request, '')),
    row('PUT', key, `${ACTION}/write`, (request) => one(request, 'PUT', pathOf(request))),
    row('GET', key, `${ACTION}/read`, (request) => one(request, 'GET', pathOf(request))),
    row('GET', `${key}/versions`, `${ACTION}/versions/read`, (request) =>
      several(request, `${pathOf(request)}/versions`, true),
    ),
    row('GET', `${key}/versions/:version`, `${ACTION}/versions/read`, (request) => {
      const { version = '' } = request.params;
      if (!VERSION.test(version)) throw new ShapeError('A version of a key has 32 hexadecimal digits.');
      return one(request, 'GET', `${pathOf(request)}/versions/${version}`, true);
    }),
  ];
}

/** Nothing but a name becomes part of the path that is handed on. */
function pathOf({ params: { key = '' } }: ControlRequest): string {
  if (KEY_NAME.test(key)) return `/${key}`;
  throw new ShapeError('The name of a key has 1 to 127 letters, digits and hyphens.');
}

const LONGEST = 2_000;
const TRACED = /^(.*) \(Activity ID: ([0-9a-f-]{36})\)$/s;

/** What an instance refused, in the terms of the resource manager. */
export function refuseByInstance(hsm: string, { status, json }: InstanceAnswer): ControlError {
  if (status === 421) {
    return new ControlError(
      403,
      'Forbidden',
      `The managed HSM '${hsm}' takes no keys from the resource manager. One of its administrators can allow it: az keyvault setting update --hsm-name ${hsm} --name AllowKeyManagementOperationsThroughARM --value true`,
    );
  }
  // The instance is not heard of as being broken: whoever asks tries again.
  if (status >= 500 || status < 400) {
    return new ControlError(503, 'ServiceUnavailable', `The managed HSM '${hsm}' could not answer; try again.`);
  }
  const { error } = (json ?? {}) as { readonly error?: { readonly code?: unknown; readonly message?: unknown } | null };
  const code = typeof error?.code === 'string' ? error.code.slice(0, 100) : 'BadRequest';
  const message =
    typeof error?.message === 'string' ? error.message.slice(0, LONGEST) : 'The managed HSM refused the request.';
  // The instance's own id is the one that its log has.
  const [, plain = message, activityId] = TRACED.exec(message) ?? [];
  return new ControlError(status, code, plain, { activityId });
}
