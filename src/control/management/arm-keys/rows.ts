// Rows of an HSM's keys in the resource manager. The caller's request and token are handed on to the instance, which alone
// decides; what comes back gets ids and addresses under the names that the caller used.
import { ControlError, type ControlRequest, type ControlRow } from '../../../http/control-row.ts';
import { instanceOrigin } from '../../../http/name-form.ts';
import { HSM, type MakeRow } from '../arm-row.ts';
import { hsmId } from '../hsm/describe-hsm.ts';
import { requireHsm } from '../hsm/find-hsm.ts';
import type { ManagedHsm } from '../resources.ts';
import type { ResourceStore } from '../resources-file.ts';
import type { AskInstance } from './ask-instance.ts';
import { refuseByInstance } from './refuse-by-instance.ts';

export interface ArmKeyOptions {
  readonly book: ResourceStore;
  readonly row: MakeRow;
  readonly askInstance: AskInstance;
}

interface Key {
  readonly name: string;
  readonly version: string;
  readonly tags?: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
}

const ACTION = 'Microsoft.KeyVault/managedHSMs/keys';
const KEY_NAME = /^[0-9A-Za-z-]{1,127}$/;
const VERSION = /^[0-9a-f]{32}$/i;

export function armKeyRows({ book, row, askInstance }: ArmKeyOptions): readonly ControlRow[] {
  const ask = async (request: ControlRequest, method: 'GET' | 'PUT', path: string) => {
    const hsm = requireHsm(book.current, request);
    const answer = await askInstance({
      hsm: hsm.name,
      method,
      path: `/arm/keys${path}?api-version=7.6`,
      authorization: request.headers.authorization ?? '',
      ...(method === 'PUT' ? { body: request.body } : {}),
    });
    if (answer === undefined) {
      throw new ControlError(
        503,
        'ServiceUnavailable',
        `The managed HSM '${hsm.spelledName}' does not serve at the moment.`,
      );
    }
    if (answer.status !== 200) throw refuseByInstance(hsm.spelledName, answer);
    return { hsm, json: answer.json };
  };
  const one = async (request: ControlRequest, method: 'GET' | 'PUT', path: string, isVersion = false) => {
    const { hsm, json } = await ask(request, method, path);
    return { status: 200, json: describe(hsm, json as Key, request, isVersion) };
  };
  const several = async (request: ControlRequest, path: string, isVersion = false) => {
    const { hsm, json } = await ask(request, 'GET', path);
    const { value } = json as { readonly value: readonly Key[] };
    return { status: 200, json: { value: value.map((key) => describe(hsm, key, request, isVersion)) } };
  };
  const describe = (hsm: ManagedHsm, key: Key, { names }: ControlRequest, isVersion: boolean) => {
    const keyUri = `${instanceOrigin(names, hsm.name)}/keys/${key.name}`;
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
  const key = `${HSM}/keys/:key`;
  return [
    row('GET', `${HSM}/keys`, `${ACTION}/read`, (request) => several(request, '')),
    row('PUT', key, `${ACTION}/write`, (request) => one(request, 'PUT', pathOf(request))),
    row('GET', key, `${ACTION}/read`, (request) => one(request, 'GET', pathOf(request))),
    row('GET', `${key}/versions`, `${ACTION}/versions/read`, (request) =>
      several(request, `${pathOf(request)}/versions`, true),
    ),
    row('GET', `${key}/versions/:version`, `${ACTION}/versions/read`, (request) => {
      const version = request.params.version ?? '';
      if (!VERSION.test(version))
        throw new ControlError(400, 'BadRequest', 'A version of a key has 32 hexadecimal digits.');
      return one(request, 'GET', `${pathOf(request)}/versions/${version}`, true);
    }),
  ];
}

/** Nothing but a name becomes part of the path that is handed on. */
function pathOf({ params }: ControlRequest): string {
  const name = params.key ?? '';
  if (!KEY_NAME.test(name)) {
    throw new ControlError(400, 'BadRequest', 'The name of a key has 1 to 127 letters, digits and hyphens.');
  }
  return `/${name}`;
}
